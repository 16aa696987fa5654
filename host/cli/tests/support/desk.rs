//! The text of a desk with one instrument: what tests of a card or a host begin with.

/// Limits that nothing reaches.
const FAR: &str = include_str!("../../../desk/tests/far.toml");

/// A rule: its name, its condition, its order as side, quantity, price and time in force.
pub type Rule<'a> = (&'a str, &'a str, (&'a str, u32, &'a str, &'a str));

/// What differs from desk to desk.
pub struct Desk<'a> {
    /// Group and port of the feed.
    pub feed: (&'a str, u16),
    pub line_b: Option<(&'a str, u16)>,
    /// Further lines of `[session]`.
    pub session: &'a str,
    pub symbol: &'a str,
    pub locate: Option<u16>,
    pub quantity_max: u32,
    pub collar: [&'a str; 2],
    pub rules: &'a [Rule<'a>],
    /// Further fields of every order.
    pub order: &'a str,
}

impl Desk<'_> {
    /// On the feed of all tests, without a rule.
    pub const EMPTY: Desk<'static> = Desk {
        feed: ("233.54.12.111", 26477),
        line_b: None,
        session: "firm = \"LIME\"",
        symbol: "AAPL",
        locate: None,
        quantity_max: 0,
        collar: ["0.00", "0.00"],
        rules: &[],
        order: "capacity = \"P\"",
    };
    /// Both sides of what the generated market opens at, AAPL.
    pub const TWO_SIDED: Desk<'static> = Desk {
        session: "tcp_sequence = 1000\nfirm = \"LIME\"",
        locate: Some(13),
        quantity_max: 500,
        collar: ["100.00", "300.00"],
        rules: &[
            ("buy the dip", "ask <= 186.42", ("buy", 150, "186.50", "IOC")),
            ("offer the rise", "bid >= 186.42", ("sell", 70, "186.44", "DAY")),
        ],
        ..Desk::EMPTY
    };

    /// Of a market that goes on: buys whenever the spread widens, wherever prices are by the time that it is armed. What rests is on
    /// the same side, so that nothing of it is ever in the way.
    pub const RESTLESS: Desk<'static> = Desk {
        rules: &[
            ("buy what is left", "spread >= 0.02", ("buy", 150, "200.00", "IOC")),
            ("bid for the rise", "bid >= 186.42", ("buy", 70, "186.44", "DAY")),
        ],
        ..Desk::TWO_SIDED
    };

    pub fn text(&self) -> String {
        let Desk { feed: (group, port), session, symbol, quantity_max, collar: [low, high], order, .. } = self;
        let line_b = self.line_b.map_or(String::new(), |(group, port)| {
            format!("line_b = {{ group = \"{group}\", port = {port} }}\nreorder_us = 20\n")
        });
        let locate = self.locate.map_or(String::new(), |locate| format!("locate = {locate}\n"));
        let rules = self.rules.iter().map(|(name, when, (side, quantity, price, time_in_force))| {
            format!(
                "[[rule]]\nname = \"{name}\"\ninstrument = \"{symbol}\"\nwhen = \"{when}\"\norder = {{ side = \"{side}\", \
                 quantity = {quantity}, price = \"{price}\", time_in_force = \"{time_in_force}\", {order} }}\n"
            )
        });
        let rules: String = rules.collect();
        format!(
            r#"# The desk of a test.
[feed]
group = "{group}"
port = {port}
silence_us = 27_487_790.688
{line_b}[session]
source_mac = "02:00:00:00:00:01"
destination_mac = "02:00:00:00:00:02"
source = "10.0.0.1:40000"
destination = "10.0.0.2:8003"
{session}
[[instrument]]
symbol = "{symbol}"
{locate}max_quantity = {quantity_max}
collar = {{ low = "{low}", high = "{high}" }}
enabled = true
{rules}{FAR}"#
        )
    }
}

/// Limits that nothing in a test reaches, and patience: a busy machine is not a silent venue.
pub const PATIENT: &str = r#"
[limits]
loss = 1000000
drawdown = 1000000
instrument_loss = 1000000
exposure = 100000000
free_messages = 1000000
messages_per_trade = 1000
delta = 1000000000
scenario_loss = 1000000000
collateral = 100000000
counterparty = 1000000000
[host]
answer_ms = 120000
silence_ms = 120000
mark_age_ms = 120000
drop_copy_ms = 120000
"#;
