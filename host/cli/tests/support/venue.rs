//! A venue, and a card that listens to its feed on two lines, as processes.
use super::desk::{Desk, PATIENT};
use super::{Folder, Process, riposte};
use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt;

/// Both, and where they are.
pub struct Market {
    pub card: Process,
    pub venue: Process,
    pub lines: [SocketAddr; 2],
    /// By the names that the venue gives: `ouch`, `dropcopy`…
    pub addresses: BTreeMap<String, SocketAddr>,
}

/// A venue on ports that nobody uses; where its lines go follows.
pub const SERVE: [&str; 9] =
    ["venue", "serve", "--json", "--ouch", "127.0.0.1:0", "--dropcopy", "127.0.0.1:0", "--rerequest", "127.0.0.1:0"];

/// Begins with the first login, and ends by itself.
pub fn market(folder: &Folder, card_options: &[&str], venue_options: &[&str]) -> Market {
    let sockets = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").expect("a port"));
    let lines = sockets.map(|socket| socket.local_addr().expect("its address"));
    let [a, b] = lines.map(|line| line.to_string());
    let port = format!("udp:{a},{b}");
    let card = ["card", "serve", "--port", &port, "--link", "./link", "--watchdog-ms", "60000", "--json"];
    let card = Process::start(riposte(&folder.0, &[&card, card_options].concat()));
    let market = ["--seed", "21", "--instruments", "1", "--rate", "2000", "--wait-for-login", "--itch", &a, "--itch-b", &b];
    let mut venue = Process::start(riposte(&folder.0, &[&SERVE, &market[..], venue_options].concat()));
    let addresses = venue.listening();
    Market { card, venue, lines, addresses }
}

impl Market {
    /// Trades both sides of the market that this feed brings.
    pub fn card_desk(&self) -> String {
        let group = self.lines[0].ip().to_string();
        Desk { feed: (&group, self.lines[0].port()), ..Desk::TWO_SIDED }.text()
    }

    /// Writes a desk with this venue's addresses, its password, and people by user and role.
    pub fn desk(&self, folder: &Folder, people: &[(&str, u32, &str)]) {
        let (card, orders, copy) = (self.card_desk(), self.addresses["ouch"], self.addresses["dropcopy"]);
        let person = |(name, uid, role): &(&str, u32, &str)| format!("[[person]]\nname = \"{name}\"\nuid = {uid}\nrole = \"{role}\"\n");
        let people: String = people.iter().map(person).collect();
        folder.write("desk.toml", format!(
            "{card}{PATIENT}control = \"control.sock\"\n{people}[sessions]\norders = \"{orders}\"\ndrop_copy = \"{copy}\"\nusername = \"RIPO\"\npassword_file = \"password\"\n"
        ));
        folder.write("password", "riposte\n");
        std::fs::set_permissions(folder.path("password"), std::fs::Permissions::from_mode(0o600)).expect("rights");
    }
}
