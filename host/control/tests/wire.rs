//! Requests and answers survive any cut, nothing unknown is taken, and each needs its role.
use riposte_control::{Answer, Card, FenceOf, LINE_BYTES_MAX, LimitName, LineError, Lines, Request, Stated, StatedGreeks, Wish, line};
use riposte_desk::Role;
use riposte_signature::{Digits, Signature, Token};

fn requests() -> Vec<(Request, Role)> {
    let wish = |wish| Request::Wish { wish, request: Some(7), dry_run: false, why: "\"é\"".to_owned() };
    let positions = vec![Stated { instrument: "AAPL".to_owned(), quantity: i64::MIN, price_e4: Some(1) }];
    let state = Request::State { positions, rest_flat: true, evidence: "by telephone\n\"é\"".to_owned(), dry_run: false };
    let greeks =
        StatedGreeks { instrument: "AAPL".to_owned(), delta_e4: i64::MIN, gamma_e4: -1, vega_e4: 2, theta_e4: i64::MAX, price_e4: u32::MAX };
    let (key, signed) = (Digits([0xab; 32]), Digits([0xcd; 64]));
    let signature = Signature { generation: 3, key, signature: signed };
    let token = Token { generation: 1, content: key, nonce: Digits([1; 16]), key, signature: signed };
    let configuration = "[feed]\n\"é\"".to_owned();
    let push = |signature, token| Request::Push { configuration: configuration.clone(), signature, token, dry_run: true, why: String::new() };
    let pushed = Request::Push { configuration: configuration.clone(), signature: None, token: None, dry_run: false, why: "e".to_owned() };
    let mandate = |is_end| Request::Mandate { model: "pair".to_owned(), is_end, request: None, dry_run: false, why: "d".to_owned() };
    vec![
        (Request::Status {}, Role::Viewer),
        (Request::Overview {}, Role::Viewer),
        (Request::Orders { all: true, from: u64::MAX }, Role::Viewer),
        (Request::Reversion {}, Role::Viewer),
        (state, Role::Operator),
        (Request::Risk {}, Role::Viewer),
        (Request::Claims {}, Role::Viewer),
        (Request::Filed { execution: u64::MAX, dry_run: false, why: "case 17".to_owned() }, Role::Operator),
        (Request::StateGreeks { greeks, evidence: "risk desk".to_owned(), dry_run: false }, Role::Operator),
        (Request::Commit { request: None, dry_run: true, why: String::new() }, Role::Risk),
        (Request::Commit { request: Some(1), dry_run: false, why: "c".to_owned() }, Role::Risk),
        (Request::Positions {}, Role::Viewer),
        (Request::Params {}, Role::Viewer),
        (wish(Wish::Arm), Role::Operator),
        (mandate(false), Role::Risk),
        (mandate(true), Role::Operator),
        (wish(Wish::Disarm), Role::Operator),
        (wish(Wish::Kill), Role::Operator),
        (wish(Wish::RevertOrders { instruments: 3 }), Role::Operator),
        (push(None, None), Role::Operator),
        (push(Some(signature), Some(token)), Role::Operator),
        (pushed, Role::Operator),
        (wish(Wish::ClearKill), Role::Risk),
        (wish(Wish::Limit { limit: LimitName::Loss, index: 0, value: u64::MAX }), Role::Risk),
        (Request::Rollback { generation: 1, token: Some(token), request: None, dry_run: false, why: "b".to_owned() }, Role::Risk),
        (Request::Rollback { generation: 1, token: None, request: Some(7), dry_run: true, why: String::new() }, Role::Risk),
        (wish(Wish::Adopt { instrument: 1 }), Role::Risk),
        (wish(Wish::Validate { instruments: 1 }), Role::Risk),
        (wish(Wish::Fence { of: FenceOf::Buys { mask: 1 } }), Role::Operator),
        (wish(Wish::Lift { of: FenceOf::Rule { instrument: 0, rule: 2 } }), Role::Risk),
        (wish(Wish::ReduceOnly { instruments: 3, ends: false }), Role::Operator),
        (wish(Wish::ReduceOnly { instruments: 3, ends: true }), Role::Risk),
        (wish(Wish::Release { instrument: 1, rule: 2 }), Role::Risk),
        (Request::Approve { request: None, dry_run: false, why: "a".to_owned() }, Role::Risk),
    ]
}

#[test]
fn each_request_survives_any_cut_and_needs_its_role() {
    let all: Vec<u8> = requests().iter().flat_map(|(request, _)| line(request)).collect();
    for size in [1, 2, 3, 7, 100, all.len()] {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        for part in all.chunks(size) {
            lines.push(part);
            while let Some(request) = lines.take::<Request>().expect("requests") {
                found.push(request);
            }
        }
        assert_eq!(found, requests().into_iter().map(|(request, _)| request).collect::<Vec<_>>());
    }
    for (request, role) in requests() {
        assert_eq!(request.role(), role, "{request:?}");
    }
}

#[test]
fn what_is_done_has_a_word_and_its_reason_and_what_is_only_asked_has_none() {
    let mut words = Vec::new();
    for (request, role) in requests() {
        let is_dry_run = serde_json::to_value(&request).expect("JSON")["dry_run"] == true;
        assert_eq!(request.act().is_some(), role > Role::Viewer && !is_dry_run, "{request:?}");
        words.extend(request.act());
        assert_eq!(request.why().is_empty(), request.act().is_none(), "{request:?}");
    }
    let count = words.len();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), count, "no word is of two acts: {words:?}");
    let evidence = |evidence: &str| Request::State { positions: vec![], rest_flat: true, evidence: evidence.to_owned(), dry_run: false };
    assert_eq!(evidence("clearing\n--- file\nAAPL").why(), "clearing");
    // A line without a reason is one.
    let mut lines = Lines::default();
    lines.push(b"{\"verb\":\"approve\",\"request\":7,\"dry_run\":false}\n");
    let approve = Request::Approve { request: Some(7), dry_run: false, why: String::new() };
    assert_eq!(lines.take::<Request>().expect("a request"), Some(approve));
}

#[test]
fn what_is_unknown_cut_or_too_long_is_an_error() {
    for bad in [
        "\n", "{}\n", "{\"verb\":\"trade\"}\n", "{\"verb\":\"status\",\"more\":1}\n", "{\"verb\":\"orders\"}\n",
        "{\"verb\":\"rollback\",\"generation\":1,\"token\":{\"generation\":1},\"dry_run\":true}\n",
        "{\"verb\":\"push\",\"configuration\":\"\",\"signature\":{\"generation\":1,\"key\":\"00\",\"signature\":\"00\"},\"dry_run\":true}\n",
        "{\"verb\":\"wish\",\"wish\":\"arm\",\"dry_run\":1}\n", "\u{0}\n", "[1]\n",
        "{\"verb\":\"wish\",\"wish\":{\"limit\":{\"limit\":\"loss\",\"index\":0,\"value\":-1}},\"dry_run\":false}\n",
    ] {
        let mut lines = Lines::default();
        lines.push(bad.as_bytes());
        assert!(matches!(lines.take::<Request>(), Err(LineError::Malformed(_))), "{bad}");
    }
    let mut lines = Lines::default();
    lines.push(&vec![b' '; LINE_BYTES_MAX]);
    assert!(matches!(lines.take::<Request>(), Ok(None)));
    lines.push(b" ");
    assert!(matches!(lines.take::<Request>(), Err(LineError::TooLong)));
}

#[test]
fn answers_are_read_back() {
    for answer in [
        Answer::Told { value: serde_json::json!({ "a": [1] }) }, Answer::Done { request: 1, card: None },
        Answer::Done { request: 1, card: Some(Card::CarriedOut { command: 2, event: 3, cycle: u64::MAX }) },
        Answer::Done { request: 1, card: Some(Card::Absent {}) }, Answer::Silent { request: 1, command: 2, why: "?".to_owned() },
        Answer::Proposed { request: u64::MAX }, Answer::Refused { why: "no".to_owned() },
    ] {
        let mut lines = Lines::default();
        lines.push(&line(&answer));
        assert_eq!(lines.take::<Answer>().expect("an answer"), Some(answer));
    }
}

#[test]
fn limits_have_the_names_that_the_wire_uses() {
    for name in LimitName::ALL {
        assert_eq!(serde_json::to_value(name).expect("JSON"), name.text());
    }
}
