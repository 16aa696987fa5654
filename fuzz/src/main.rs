//! libFuzzer on the target that `RIPOSTE_FUZZ` names; without one, writes the seeds and names the targets.
#![no_main]
mod seeds;
mod targets;

use std::sync::OnceLock;

static TARGET: OnceLock<fn(&[u8])> = OnceLock::new();

libfuzzer_sys::fuzz_target!(
    init: {
        let wanted = std::env::var("RIPOSTE_FUZZ").unwrap_or_default();
        match targets::TARGETS.iter().find(|(name, _)| *name == wanted) {
            Some((_, target)) => _ = TARGET.set(*target),
            None => {
                for (name, _) in targets::TARGETS {
                    println!("{name}");
                    if let Some(folder) = std::env::var_os("RIPOSTE_FUZZ_SEEDS") {
                        let folder = std::path::Path::new(&folder).join(name);
                        std::fs::create_dir_all(&folder).expect("a folder for seeds");
                        for (seed, number) in seeds::of(name).iter().zip(0..) {
                            std::fs::write(folder.join(format!("seed-{number}")), seed).expect("a seed");
                        }
                    }
                }
                std::process::exit(0);
            }
        }
    },
    |bytes: &[u8]| {
        if let Some(target) = TARGET.get() {
            target(bytes);
        }
    }
);
