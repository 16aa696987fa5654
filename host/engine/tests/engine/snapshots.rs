//! The state as bytes: equal at every input, sound or refused, and under another configuration.
use crate::bench::*;
use crate::recovery::day;
use riposte_engine::{Body, Config, ConfigError, Engine, Input, Outputs, Side, StateError};

/// The engine that its bytes make, which must have the same digest and the same bytes.
fn again(engine: &Engine) -> Engine {
    let bytes = engine.encode();
    let read = Engine::decode(&bytes).expect("a state");
    assert!(read.digest() == engine.digest() && read.config() == engine.config() && read.encode() == bytes);
    read
}

#[test]
fn an_engine_read_back_at_every_input_goes_on_as_the_one_that_never_stopped() {
    let bench = day();
    let (mut whole, mut broken) = (Engine::new(config()).unwrap(), Engine::new(config()).unwrap());
    let (mut said, mut told) = (Outputs::default(), Outputs::default());
    for input in &bench.inputs {
        whole.apply(input, &mut said);
        broken = again(&broken);
        broken.apply(input, &mut told);
        assert_eq!((broken.digest(), told.as_slice()), (whole.digest(), said.as_slice()), "{input:?}");
    }
}

#[test]
fn a_state_with_a_byte_changed_cut_off_or_added_is_none() {
    let mut engine = Engine::new(Config { orders: 16, executions: 16, requests: 16, ..config() }).unwrap();
    engine.apply(&Input { time_ns: 7, body: Body::Tick }, &mut Outputs::default());
    let bytes = engine.encode();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(Engine::decode(&changed).is_err(), "byte {at}");
        assert!(Engine::decode(&bytes[..at]).is_err(), "cut at {at}");
    }
    assert_eq!(Engine::decode(&[&bytes[..], &[0]].concat()).err(), Some(StateError::Altered));
    let other = [&99u32.to_le_bytes()[..], &bytes[4..]].concat();
    assert_eq!(Engine::decode(&other).err(), Some(StateError::Version(99)));
    assert!(Engine::decode(&other).err().unwrap().to_string().contains("version 99"));
}

#[test]
fn another_configuration_keeps_the_day_and_refuses_tables_that_do_not_hold_it() {
    let mut bench = Bench::armed();
    (0..20).for_each(|_| _ = bench.enter(Side::Buy, 100, PRICE));
    let mut engine = again(&bench.engine);
    assert_eq!(engine.exposure(0), 20 * 100 * i128::from(PRICE));
    let (before, less) = (engine.digest(), Config { orders: 16, ..config() });
    assert_eq!(engine.reconfigure(less).err(), Some(ConfigError::Fewer("orders", 20)));
    assert_eq!(engine.digest(), before);
    let mut more = Config { orders: 2048, executions: 64, requests: 64, ..config() };
    more.instruments[0].multiplier = 3;
    assert_eq!(Config::decode(&more.encode()), Some(more.clone()));
    assert_eq!(Config::decode(&more.encode()[1..]), None);
    engine.reconfigure(more.clone()).expect("room");
    assert_eq!((engine.config(), engine.exposure(0)), (&more, 3 * 20 * 100 * i128::from(PRICE)));
    assert_eq!(engine.open_orders().count(), 20);
    let mut engine = again(&engine);
    engine.reconfigure(config()).expect("room");
    assert_eq!(engine.exposure(0), bench.engine.exposure(0));
}
