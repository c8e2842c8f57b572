//! Measures times, in turns: what disturbs one contender disturbs the next as well, and falls out of
//! the ratio.

use std::io;
use std::time::Instant;

use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::contender::Contender;
use crate::process::Provider;
use crate::support::exchange::Exchange;
use crate::support::provider;

/// What is measured of a number of exchanges, in microseconds for each.
pub(crate) struct Measure {
    exchanges: usize,
    /// Where the provider runs; we run on core 0.
    core: usize,
    measure: fn(&Runtime, Vec<Exchange>) -> io::Result<f64>,
}

/// The median exchange, one after the other.
pub(crate) const LATENCY: Measure = Measure {
    exchanges: 500,
    core: 0,
    measure: |runtime, exchanges| {
        let timed = exchanges.iter().map(|exchange| {
            let began = Instant::now();
            runtime.block_on(exchange.make());
            began.elapsed().as_secs_f64() * 1e6
        });
        Ok(median(timed.collect()))
    },
};

/// The client's CPU time, 64 exchanges at once.
pub(crate) const CPU_TIME: Measure = Measure {
    exchanges: 6400,
    core: 1,
    measure: |runtime, exchanges| {
        let before = cpu_time()?;
        runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for exchanges in exchanges.chunks(exchanges.len() / 64) {
                let exchanges = exchanges.to_vec();
                tasks.spawn(async move {
                    for exchange in &exchanges {
                        exchange.make().await;
                    }
                });
            }
            tasks.join_all().await;
        });
        Ok((cpu_time()? - before) / exchanges.len() as f64)
    },
};

/// The medians of time and of ratio to the first contender.
pub(crate) fn compare(
    measure: &Measure,
    contenders: &[Contender],
    provider: &Provider,
) -> io::Result<Vec<(f64, f64)>> {
    provider.run_on(measure.core);
    let runtime = provider::runtime();
    let supplies = contenders.iter().map(|contender| contender.at(&provider.base));
    let supplies: Vec<_> = supplies.collect();
    let mut rounds = Vec::new();
    for _ in 0..=ROUNDS {
        let round =
            supplies.iter().map(|ready| (measure.measure)(&runtime, ready(measure.exchanges)));
        rounds.push(round.collect::<Result<Vec<_>, _>>()?);
    }
    // The first one connects.
    let rounds = &rounds[1..];
    let over_rounds = |of: &dyn Fn(&[f64]) -> f64| median(rounds.iter().map(|it| of(it)).collect());
    let medians = (0..contenders.len())
        .map(|it| (over_rounds(&|round| round[it]), over_rounds(&|round| round[it] / round[0])));
    Ok(medians.collect())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Of this thread, in microseconds. All that a client does here it does in the one thread.
fn cpu_time() -> io::Result<f64> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = told.split(' ').next().and_then(|text| text.parse::<f64>().ok());
    Ok(nanoseconds.ok_or(io::ErrorKind::InvalidData)? / 1e3)
}

const ROUNDS: usize = 11;
