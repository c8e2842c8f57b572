//! Counts instructions and allocations: user space only, the same on a busy machine as on an idle one.

use std::error::Error;
use std::process::Command;

use crate::contender::Contender;
use crate::support::provider;

/// Of one exchange.
pub(crate) struct Counts {
    pub(crate) instructions: f64,
    pub(crate) allocations: f64,
    pub(crate) bytes: f64,
}

impl Counts {
    pub(crate) fn ratio(&self, bare: &Self) -> f64 {
        self.instructions / bare.instructions
    }
}

pub(crate) fn is_there() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok()
}

/// What a long run takes more than a short one: neither the setup nor the first connection counts.
pub(crate) fn counts(contender: Contender, base: &str) -> Result<Counts, Box<dyn Error>> {
    let count = |tool: &[&str], label: &str, number| -> Result<f64, Box<dyn Error>> {
        let [short, long] = [SHORT, LONG].map(|rounds| run(tool, contender, rounds, base));
        let more = number_after(&long?, label, number)? - number_after(&short?, label, number)?;
        Ok(more / (LONG - SHORT) as f64)
    };
    let callgrind = ["--tool=callgrind", "--callgrind-out-file=/dev/null"];
    // Its own allocator counts, so that the one that is measured need not.
    let memcheck = ["--tool=memcheck", "--undef-value-errors=no", "--leak-check=no"];
    Ok(Counts {
        instructions: count(&callgrind, "Collected :", 0)?,
        allocations: count(&memcheck, "total heap usage:", 0)?,
        bytes: count(&memcheck, "total heap usage:", 2)?,
    })
}

/// Makes so many exchanges: what valgrind runs.
pub(crate) fn make(contender: &str, rounds: usize, base: &str) -> Result<(), Box<dyn Error>> {
    let named = |it: &&Contender| it.to_string() == contender;
    let contender = Contender::COUNTED.iter().find(named).ok_or("no such contender")?;
    // As many in a short run as in a long one, or the difference would hold their setup.
    let exchanges = contender.at(base)(LONG);
    provider::runtime().block_on(async {
        for exchange in &exchanges[..rounds] {
            exchange.make().await;
        }
    });
    Ok(())
}

fn run(
    tool: &[&str],
    contender: Contender,
    rounds: usize,
    base: &str,
) -> Result<String, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(tool)
        .arg(std::env::current_exe()?)
        .args(["make", &contender.to_string(), &rounds.to_string(), base])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(said) } else { Err(said.into()) }
}

/// The first, second ... number after the label.
fn number_after(said: &str, label: &str, at: usize) -> Result<f64, Box<dyn Error>> {
    let (_, rest) = said.split_once(label).ok_or("valgrind does not say what it counted")?;
    let line = rest.lines().next().unwrap_or_default().replace(',', "");
    let mut numbers = line.split_whitespace().filter_map(|word| word.parse().ok());
    numbers.nth(at).ok_or_else(|| format!("no count in `{line}`").into())
}

const SHORT: usize = 50;
const LONG: usize = 250;
