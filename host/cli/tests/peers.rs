//! `riposte run` at venues that are none: one that accepts and never answers, that closes in the middle of a message, that sends
//! lengths which cannot be, that says nonsense, and one whose stream tells of a life that our orders do not have.
//!
//! What comes of each with the session alone is in `host/session/tests`, with the engine alone in `host/engine/tests/engine/pain.rs`;
//! here it is the whole host that must stay alive, say what is wrong, and let nobody arm. No card is needed for that.
mod support;

use serde_json::Value;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use support::desk::{Desk, PATIENT};
use support::{Folder, Process, riposte, wait_for};

const RUN: [&str; 8] = ["run", "-c", "desk.toml", "--link", "./link", "--journal", "journal", "--json"];

/// A host, and the address that it takes for a venue.
struct World {
    folder: Folder,
    venue: TcpListener,
    host: Process,
}

impl World {
    fn new(name: &str) -> World {
        let folder = Folder::new(name);
        let venue = TcpListener::bind("127.0.0.1:0").expect("a port");
        let (desk, uid, address) = (Desk::TWO_SIDED.text(), folder.uid(), venue.local_addr().expect("its address"));
        // What is not heard is not waited for long: a venue that is silent is one of the cases.
        let host = PATIENT.replace("silence_ms = 120000", "silence_ms = 1000");
        folder.write("desk.toml", format!(
            "{desk}{host}control = \"control.sock\"\n[[person]]\nname = \"me\"\nuid = {uid}\nrole = \"risk\"\n[sessions]\n\
             orders = \"{address}\"\nusername = \"RIPO\"\npassword_file = \"password\"\n"
        ));
        folder.write("password", "riposte\n");
        std::fs::set_permissions(folder.path("password"), std::fs::Permissions::from_mode(0o600)).expect("rights");
        let mut command = riposte(&folder.0, &RUN);
        command.stdout(Stdio::piped()).stderr(File::create(folder.path("host.err")).expect("a file"));
        World { folder, venue, host: Process::start(command) }
    }

    /// The next connection of the host, whose login has come.
    fn accept(&self) -> TcpStream {
        let (mut socket, _) = self.venue.accept().expect("a connection");
        let mut login = [0; 49];
        socket.read_exact(&mut login).expect("a login");
        assert_eq!(login[2], b'L');
        socket
    }

    fn has_said(&self, words: &str) -> bool {
        std::fs::read_to_string(self.folder.path("host.err")).expect("what it says").contains(words)
    }

    fn wait_for_words(&self, words: &str) {
        wait_for(words, || self.has_said(words).then_some(()));
    }

    /// Answers logins so until the host has said what is wrong. One for which a busy machine was too slow is over before it is
    /// answered, and is followed by another.
    fn answer(&self, bytes: &[u8], words: &str) {
        wait_for(words, || {
            let mut socket = self.accept();
            // To its end, whoever makes it: one that was left already takes nothing.
            let _ = socket.write_all(bytes).and_then(|()| socket.read_to_end(&mut Vec::new()).map(|_| ()));
            self.has_said(words).then_some(())
        });
    }

    fn status(&self) -> Value {
        wait_for("a status", || self.folder.asked(&["status"]))
    }

    /// It lives, its session is not there, nobody may arm; and it ends in order.
    fn end(mut self) {
        let status = self.status();
        assert_ne!(status["session"], "current", "{status}");
        assert_ne!(status["arming"], "possible", "{status}");
        let summary = self.host.end();
        assert_eq!(summary["digest"], summary["mirror_digest"]);
        self.folder.journaled().check();
    }
}

fn packet(kind: u8, payload: &[u8]) -> Vec<u8> {
    [&(payload.len() as u16 + 1).to_be_bytes(), &[kind][..], payload].concat()
}

fn accepted(next: u64) -> Vec<u8> {
    packet(b'A', format!("{:>10}{next:>20}", "DAY1").as_bytes())
}

#[test]
fn a_venue_that_accepts_and_never_answers_is_left_and_tried_again() {
    let world = World::new("mute");
    let first = world.accept();
    let second = world.accept();
    drop((first, second));
    world.wait_for_words("the venue did not answer in time");
    world.end();
}

#[test]
fn a_venue_that_closes_in_the_middle_of_a_message_is_left_and_tried_again() {
    let world = World::new("cut");
    for bytes in [1, 2, 3, 17] {
        let mut socket = world.accept();
        socket.write_all(&accepted(1)[..bytes]).expect("it is there");
    }
    drop(world.accept());
    world.wait_for_words("the venue closed the connection");
    world.end();
}

#[test]
fn lengths_that_cannot_be_and_nonsense_are_told_and_the_connection_is_over() {
    let world = World::new("absurd");
    let cases: [(&[u8], &str); 4] = [
        (&[0xff, 0xff, b'S'], "a packet of 65535 bytes where at most 4096 are taken"),
        (&[0, 0], "a packet without a type"),
        (&packet(b'?', b"what"), "packet type '?' at a moment when it cannot be"),
        (&packet(b'A', b"short"), "the venue's answer to the login cannot be read"),
    ];
    cases.into_iter().for_each(|(bytes, words)| world.answer(bytes, words));
    world.end();
}

#[test]
fn a_stream_that_looks_alive_but_tells_nothing_is_not_current() {
    let world = World::new("alive");
    let mut socket = world.accept();
    socket.write_all(&accepted(1)).expect("it is there");
    // Heartbeats for ever, and never a word on what was asked.
    wait_for("the host's patience", || {
        let is_gone = socket.write_all(&packet(b'H', b"")).is_err();
        let status = world.status();
        assert_ne!((&status["session"], &status["arming"]), (&"current".into(), &"possible".into()), "{status}");
        (is_gone || world.folder.journaled().inputs.len() > 100).then_some(())
    });
    world.end();
}

#[test]
fn a_message_that_cannot_be_read_makes_the_position_unknown_and_nobody_may_arm() {
    let world = World::new("unreadable");
    let mut socket = world.accept();
    socket.write_all(&accepted(2)).expect("it is there");
    // It has been told how much there is to read; now it reads it.
    let mut socket = world.accept();
    let unreadable = packet(b'S', b"E too short");
    socket.write_all(&[accepted(1), unreadable].concat()).expect("it is there");
    world.wait_for_words("of the venue cannot be read");
    world.wait_for_words("BadReport");
    world.wait_for_words("Unbooked");
    drop(socket);
    world.end();
}
