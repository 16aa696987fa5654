//! Compiles the shim against the DPDK of this machine, if it is wanted.
fn main() {
    #[cfg(feature = "link")]
    link();
}

#[cfg(feature = "link")]
fn link() {
    println!("cargo::rerun-if-changed=shim.c");
    // Only what no release of these years differs in is used; headers and libraries are of one release by the package.
    let has = pkg_config(&["--atleast-version=21.11"]).is_some();
    assert!(has, "DPDK 21.11 or newer is not here: install libdpdk-dev and pkg-config (Debian, Ubuntu), or leave the feature out");
    let flags = pkg_config(&["--cflags"]).expect("it knows its flags");
    let mut shim = cc::Build::new();
    shim.file("shim.c").opt_level(3).warnings_into_errors(true).flag("-Wno-deprecated-declarations");
    flags.split_whitespace().for_each(|flag| _ = shim.flag(flag));
    shim.compile("riposte_dpdk");
    // Drivers are plugins, which DPDK loads by itself.
    for library in ["rte_ethdev", "rte_mbuf", "rte_mempool", "rte_eal"] {
        println!("cargo::rustc-link-lib=dylib={library}");
    }
}

/// What `pkg-config` says of DPDK; none if it is not content.
#[cfg(feature = "link")]
fn pkg_config(args: &[&str]) -> Option<String> {
    let output = std::process::Command::new("pkg-config").args(args).arg("libdpdk").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
