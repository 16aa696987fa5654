use riposte_device::{Card, Frame};
use riposte_tests::{parameters::*, traffic::*};
#[test]
fn speed() {
    let mut card = riposte_verilated::Verilated::new();
    let mut traffic = Traffic::new(2, &[7, 10, 13], 1_500_000, Faults::NONE);
    let first = traffic.opening();
    card.frame(&Frame::new(&first.bytes, 0));
    let pieces: Vec<_> = (0..20000).map(|_| traffic.piece()).collect();
    let t = std::time::Instant::now();
    for p in &pieces { card.frame(&Frame::new(&p.bytes, p.time_ns)); }
    println!("{} cycles/s {}", card.cycle(), card.cycle() as f64 / t.elapsed().as_secs_f64());
    let _ = (GROUP, PORT);
}
