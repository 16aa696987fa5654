//! What is wrong with a configuration, and where.
use std::fmt;
use std::ops::Range;

/// Whether the configuration can be used in spite of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
}

/// One finding. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problem {
    pub line: usize,
    pub column: usize,
    pub severity: Severity,
    pub text: String,
}

impl fmt::Display for Problem {
    /// `12:9: text`, with `warning: ` before the text of a warning; a caller puts `FILE:` in front.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let word = if self.severity == Severity::Warning { "warning: " } else { "" };
        write!(f, "{}:{}: {word}{}", self.line, self.column, self.text)
    }
}

/// Collects findings while a text is read.
pub(crate) struct Log<'a> {
    source: &'a str,
    pub problems: Vec<Problem>,
}

impl<'a> Log<'a> {
    pub fn new(source: &'a str) -> Log<'a> {
        Log { source, problems: Vec::new() }
    }

    pub fn error(&mut self, span: &Range<usize>, text: impl Into<String>) {
        self.add(Severity::Error, span, text.into());
    }

    pub fn warning(&mut self, span: &Range<usize>, text: impl Into<String>) {
        self.add(Severity::Warning, span, text.into());
    }

    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// Line of a byte of the text, from 1.
    pub fn line(&self, at: usize) -> usize {
        1 + self.source.as_bytes()[..at.min(self.source.len())].iter().filter(|&&b| b == b'\n').count()
    }

    fn add(&mut self, severity: Severity, span: &Range<usize>, text: String) {
        let mut at = span.start.min(self.source.len());
        while !self.source.is_char_boundary(at) {
            at -= 1;
        }
        let line_start = self.source[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let column = 1 + self.source[line_start..at].chars().count();
        self.problems.push(Problem { line: self.line(at), column, severity, text });
    }

    /// In the order of the text; errors before warnings of the same place.
    pub fn finish(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|problem| (problem.line, problem.column, problem.severity));
        self.problems
    }
}
