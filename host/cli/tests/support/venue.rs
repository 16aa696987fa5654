//! A venue, and a card that listens to its feed on two lines, as processes.
use super::desk::{Desk, PATIENT};
use super::{Folder, Process, riposte};
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, UdpSocket};
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
const MARKET: [&str; 7] = ["--seed", "21", "--instruments", "1", "--rate", "2000", "--wait-for-login"];

/// Two addresses of this machine that nobody uses.
fn free_lines() -> [SocketAddr; 2] {
    let sockets = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").expect("a port"));
    sockets.map(|socket| socket.local_addr().expect("its address"))
}

/// A card on these lines.
pub fn card(folder: &Folder, [a, b]: [SocketAddr; 2], options: &[&str]) -> Process {
    let port = format!("udp:{a},{b}");
    let card = ["card", "serve", "--port", &port, "--link", "./link", "--watchdog-ms", "60000", "--json"];
    Process::start(riposte(&folder.0, &[&card, options].concat()))
}

/// Begins with the first login, and ends by itself.
pub fn market(folder: &Folder, card_options: &[&str], venue_options: &[&str]) -> Market {
    let lines = free_lines();
    let card = card(folder, lines, card_options);
    let (venue, addresses) = venue(folder, lines, venue_options);
    Market { card, venue, lines, addresses }
}

/// A venue that publishes on these lines, and where it listens.
pub fn venue(folder: &Folder, lines: [SocketAddr; 2], options: &[&str]) -> (Process, BTreeMap<String, SocketAddr>) {
    let [a, b] = lines.map(|line| line.to_string());
    let to = ["--itch", &a, "--itch-b", &b];
    let mut venue = Process::start(riposte(&folder.0, &[&SERVE, &MARKET[..], &to, options].concat()));
    let addresses = venue.listening();
    (venue, addresses)
}

/// A card whose venue is not there yet: a desk can be opened by people before the market begins.
pub struct Closed {
    pub card: Process,
    lines: [SocketAddr; 2],
    sessions: [SocketAddr; 2],
}

impl Closed {
    pub fn new(folder: &Folder, people: &[(&str, u32, &str)]) -> Closed {
        let lines = free_lines();
        let sessions = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
        let sessions = sessions.map(|socket| socket.local_addr().expect("its address"));
        desk(folder, &card_desk(lines), sessions, &folder.trust("sid"), people);
        folder.sign("desk.toml", 1, "sid");
        Closed { card: card(folder, lines, &[]), lines, sessions }
    }

    /// The venue comes, and the market begins with the login.
    pub fn open(&self, folder: &Folder, options: &[&str]) -> Process {
        let [a, b, orders, copy] = [self.lines, self.sessions].concat().try_into().map(|all: [SocketAddr; 4]| all.map(|one| one.to_string())).expect("4");
        let at = ["venue", "serve", "--json", "--ouch", &orders, "--dropcopy", &copy, "--rerequest", "127.0.0.1:0", "--itch", &a, "--itch-b", &b];
        let mut venue = Process::start(riposte(&folder.0, &[&at[..], &MARKET, options].concat()));
        venue.listening();
        venue
    }
}

/// Trades both sides of the market that this feed brings.
fn card_desk(lines: [SocketAddr; 2]) -> String {
    let groups = lines.map(|line| line.ip().to_string());
    let [a, b] = [0, 1].map(|at| (groups[at].as_str(), lines[at].port()));
    Desk { feed: a, line_b: Some(b), ..Desk::RESTLESS }.text()
}

/// Writes a desk with these sessions, their password, further lines of [host], and people by user and role.
fn desk(folder: &Folder, card: &str, [orders, copy]: [SocketAddr; 2], host: &str, people: &[(&str, u32, &str)]) {
    let person = |(name, uid, role): &(&str, u32, &str)| format!("[[person]]\nname = \"{name}\"\nuid = {uid}\nrole = \"{role}\"\n");
    let people: String = people.iter().map(person).collect();
    folder.write("desk.toml", format!(
        "{card}{PATIENT}control = \"control.sock\"\n{host}{people}[sessions]\norders = \"{orders}\"\ndrop_copy = \"{copy}\"\nusername = \"RIPO\"\npassword_file = \"password\"\n"
    ));
    folder.write("password", "riposte\n");
    std::fs::set_permissions(folder.path("password"), std::fs::Permissions::from_mode(0o600)).expect("rights");
}

impl Market {
    pub fn card_desk(&self) -> String {
        card_desk(self.lines)
    }

    /// Writes a desk with this venue's addresses.
    pub fn desk(&self, folder: &Folder, people: &[(&str, u32, &str)]) {
        desk(folder, &self.card_desk(), [self.addresses["ouch"], self.addresses["dropcopy"]], "", people);
    }

    /// As `desk`, with where books come from that the card has lost.
    pub fn restoring_desk(&self, folder: &Folder, snapshot: SocketAddr, people: &[(&str, u32, &str)]) {
        self.desk(folder, people);
        let desk = std::fs::read_to_string(folder.path("desk.toml")).expect("a desk");
        folder.write("desk.toml", format!("{desk}snapshot = \"{snapshot}\"\nrequests = \"{}\"\n", self.addresses["rerequest"]));
    }

    /// Every message of the feed from its first on, as the venue gives it again.
    pub fn published(&self, session: &[u8; 10]) -> Vec<Vec<u8>> {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        socket.connect(self.addresses["rerequest"]).expect("the venue's");
        socket.set_read_timeout(Some(std::time::Duration::from_millis(500))).expect("a limit");
        let (mut all, mut answer) = (Vec::new(), [0; 2048]);
        loop {
            let request = [&session[..], &(all.len() as u64 + 1).to_be_bytes(), &100u16.to_be_bytes()].concat();
            socket.send(&request).expect("it goes");
            // What was never published is not answered; nor is anything once the venue has gone.
            let Ok(bytes) = socket.recv(&mut answer) else { return all };
            let mut rest = &answer[20..bytes];
            while let Some((length, behind)) = rest.split_first_chunk::<2>() {
                let (message, behind) = behind.split_at(usize::from(u16::from_be_bytes(*length)));
                all.push(message.to_vec());
                rest = behind;
            }
        }
    }
}
