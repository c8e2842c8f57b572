//! The provider in a process of its own, so that none of what it does is counted as the client's.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{self, Child, Command, Stdio};

use crate::support::provider;

pub(crate) struct Provider {
    child: Child,
    pub(crate) base: String,
}

impl Provider {
    pub(crate) fn start() -> io::Result<Self> {
        let program = std::env::current_exe()?;
        let mut child = Command::new(program).arg("serve").stdout(Stdio::piped()).spawn()?;
        let mut base = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut base)?;
        Ok(Self { child, base: base.trim_end().to_owned() })
    }

    /// Puts it on this core and us on core 0, where taskset is there to do so. With both on one
    /// core, no exchange waits for a sleeping one to wake up, which takes longer than all else.
    pub(crate) fn run_on(&self, core: usize) {
        for (core, id) in [(0, process::id()), (core, self.child.id())] {
            let pin =
                ["--cpu-list", "--pid", &core.to_string(), &id.to_string()].map(str::to_owned);
            // Without it the times are blunter, and the ratios still hold.
            let _ = Command::new("taskset").args(pin).output();
        }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Is the provider, until it is killed.
pub(crate) fn serve() -> Result<(), Box<dyn std::error::Error>> {
    provider::runtime().block_on(async {
        let (base, serving) = provider::serve(std::sync::Arc::default()).await?;
        writeln!(io::stdout(), "{base}")?;
        serving.await;
        Ok(())
    })
}
