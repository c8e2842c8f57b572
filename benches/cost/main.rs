//! What an exchange costs, in figures that repeat on a busy machine: instructions and allocations,
//! then times as ratios to bare reqwest, measured in turns. Ends with what we demand of ourselves.
//!
//! `cargo bench --bench cost`. The counts need valgrind; the times are sharper with taskset.

#![expect(clippy::print_stdout, reason = "the tables are what it is for")]

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use self::clock::{CPU_TIME, LATENCY, Measure};
use self::contender::Contender::{self, *};
use self::process::Provider;
use self::support::provider;
use self::valgrind::Counts;

mod clock;
mod contender;
mod process;
#[path = "../support/mod.rs"]
mod support;
mod valgrind;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match &*arguments.iter().map(String::as_str).collect::<Vec<_>>() {
        ["serve"] => process::serve(),
        ["make", contender, rounds, base] => valgrind::make(contender, rounds.parse()?, base),
        _ => report(),
    }
}

fn report() -> Result<(), Box<dyn Error>> {
    let provider = Provider::start()?;
    let mut aims = Vec::new();
    if valgrind::is_there() {
        counts(&provider.base, &mut aims)?;
    } else {
        println!("no valgrind here: instructions and allocations are not counted\n");
    }
    times(&provider, &mut aims);
    aims.push(Aim("connections per 100 times six flavors", connections()?, 1.0));

    println!("{:<52}{:>10}{:>10}", "what we demand", "is", "at most");
    for Aim(what, is, most) in aims {
        let verdict = if is <= most { "met" } else { "NOT MET" };
        println!("{what:<52}{is:>10.2}{most:>10.2}  {verdict}");
    }
    Ok(())
}

/// What is measured, what it is, and what it may be at most.
struct Aim(&'static str, f64, f64);

fn counts(base: &str, aims: &mut Vec<Aim>) -> Result<(), Box<dyn Error>> {
    println!(
        "{:<36}{:>13}{:>9}{:>12}{:>9}",
        "counted per exchange", "instructions", "/ bare", "allocations", "bytes"
    );
    let count = |contender, bare: Option<&Counts>| {
        let counts = valgrind::counts(contender, base)?;
        let Counts { instructions, allocations, bytes } = counts;
        let ratio = bare.map_or(String::new(), |bare| format!("{:.3}", counts.ratio(bare)));
        println!("{contender:<36}{instructions:>13.0}{ratio:>9}{allocations:>12.1}{bytes:>9.0}");
        Ok::<_, Box<dyn Error>>(counts)
    };
    let memory = count(OursInMemory, None)?;
    count(Oauth2InMemory, None)?;
    let bare = count(Bare, None)?;
    let ours = count(Ours, Some(&bare))?;
    count(Oauth2, Some(&bare))?;
    let bare_six = count(BareSix, None)?;
    count(OursSix, Some(&bare_six))?;
    println!();

    let more = ours.allocations - bare.allocations;
    aims.push(Aim("in memory, instructions", memory.instructions, 15_000.0));
    aims.push(Aim("in memory, allocations", memory.allocations, 16.0));
    aims.push(Aim("over a socket, instructions / bare", ours.ratio(&bare), 1.12));
    aims.push(Aim("over a socket, allocations beyond bare", more, 16.0));
    Ok(())
}

fn times(provider: &Provider, aims: &mut Vec<Aim>) {
    println!("{:<36}{:>13}{:>9}", "median of rounds in turns", "us", "/ bare");
    let mut compare = |what, measure: &Measure, contenders: &[Contender], most| {
        println!("{what}");
        let medians = match clock::compare(measure, contenders, provider) {
            Ok(medians) => medians,
            Err(error) => return println!("  not measured here: {error}"),
        };
        for (contender, (time, ratio)) in contenders.iter().zip(&medians) {
            println!("  {contender:<34}{time:>13.1}{ratio:>9.3}");
        }
        aims.push(Aim(what, medians[1].1, most));
    };
    // Bare stands at both ends: what it is to itself is what the run can resolve.
    let all = [Bare, Ours, Oauth2, Bare];
    compare("one at a time, p50 / bare", &LATENCY, &all, 1.05);
    compare("64 at once, CPU / bare", &CPU_TIME, &all, 1.10);
    compare("six flavors, p50 / bare", &LATENCY, &[BareSix, OursSix, BareSix], 1.05);
    compare("flavor remembered, p50 / bare", &LATENCY, &[BareSixth, OursSixth, BareSixth], 1.05);
    println!();
}

fn connections() -> Result<f64, Box<dyn Error>> {
    let opened = Arc::new(AtomicUsize::new(0));
    let base = provider::start(Arc::clone(&opened))?;
    let runtime = provider::runtime();
    let exchanges = OursSix.at(&base)(1000);
    // The first connection is everyone's.
    runtime.block_on(exchanges[0].make());
    let before = opened.load(Ordering::Relaxed);
    runtime.block_on(async {
        for exchange in &exchanges[1..] {
            exchange.make().await;
        }
    });
    Ok((opened.load(Ordering::Relaxed) - before) as f64 / 10.0)
}
