//! Takes connections, each on a thread of its own, off the engine's thread and bounded in number.
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// For a machine that has no room for another connection.
const REST: Duration = Duration::from_millis(100);

/// So many may be inside at once.
pub struct Room {
    inside: AtomicUsize,
    most: usize,
}

/// Somebody inside; leaves when it is dropped.
pub struct Guest(Arc<Room>);

impl Room {
    pub fn new(most: usize) -> Arc<Room> {
        Arc::new(Room { inside: AtomicUsize::new(0), most })
    }

    /// None: it is full.
    pub fn enter(self: &Arc<Room>) -> Option<Guest> {
        let one_more = |inside: usize| (inside < self.most).then_some(inside + 1);
        self.inside.fetch_update(Relaxed, Relaxed, one_more).is_ok().then(|| Guest(Arc::clone(self)))
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Relaxed);
    }
}

/// Goes on for ever: `serve` has a connection to its end, with its place among so many; `full` has those that find none.
pub fn listen<S: Send + 'static>(
    name: &'static str, most: usize, mut accept: impl FnMut() -> io::Result<S> + Send + 'static,
    serve: impl Fn(S, Guest) + Send + Sync + 'static, full: impl Fn(S) + Send + 'static,
) -> io::Result<()> {
    let (room, serve) = (Room::new(most), Arc::new(serve));
    let named = move || std::thread::Builder::new().name(name.to_owned());
    let listening = move || {
        loop {
            let Ok(stream) = accept() else {
                std::thread::sleep(REST);
                continue;
            };
            let Some(guest) = room.enter() else {
                full(stream);
                continue;
            };
            let serve = Arc::clone(&serve);
            // Without a thread the connection is closed, and its place is free.
            let _ = named().spawn(move || serve(stream, guest));
        }
    };
    named().spawn(listening)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_takes_as_many_as_it_has_places_for() {
        let room = Room::new(2);
        let (one, other) = (room.enter(), room.enter());
        assert!(one.is_some() && other.is_some() && room.enter().is_none());
        drop(one);
        let third = room.enter();
        assert!(third.is_some() && room.enter().is_none());
    }
}
