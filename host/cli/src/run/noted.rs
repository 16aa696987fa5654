//! A note on its way to the journal: made beside the engine's thread, written by it, and without an allocation in between.
use riposte_journal::{Entry, Note};

/// Longer notes are cut.
const TEXT_BYTES: usize = 768;
const WHO_BYTES: usize = 40;

#[derive(Clone, Copy)]
pub struct Noted {
    who: [u8; WHO_BYTES],
    who_bytes: usize,
    act: &'static str,
    why: [u8; TEXT_BYTES],
    why_bytes: usize,
}

impl Noted {
    pub fn new(who: &str, act: &'static str, why: &str) -> Noted {
        let mut noted = Noted { who: [0; WHO_BYTES], who_bytes: 0, act, why: [0; TEXT_BYTES], why_bytes: 0 };
        noted.who_bytes = copy(&mut noted.who, who);
        noted.why_bytes = copy(&mut noted.why, why);
        noted
    }

    pub fn entry(&self) -> Entry<'_> {
        let text = |bytes| std::str::from_utf8(bytes).unwrap_or_default();
        Entry::Note(Note { who: text(&self.who[..self.who_bytes]), act: self.act, why: text(&self.why[..self.why_bytes]) })
    }
}

/// As many whole characters as there is room for.
fn copy(to: &mut [u8], text: &str) -> usize {
    let count = text.floor_char_boundary(to.len());
    to[..count].copy_from_slice(&text.as_bytes()[..count]);
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_kept_whole_or_cut_at_a_character() {
        let why = |text: &str| match Noted::new("ann", "parameter set", text).entry() {
            Entry::Note(note) => (note.who.to_owned(), note.why.to_owned()),
            other => panic!("{other:?}"),
        };
        assert_eq!(why("é"), ("ann".to_owned(), "é".to_owned()));
        let long = "é".repeat(TEXT_BYTES);
        assert_eq!(why(&format!("a{long}")).1.len(), TEXT_BYTES - 1);
    }
}
