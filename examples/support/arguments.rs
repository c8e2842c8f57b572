//! Reads the options of a shell tool. No message has the value in question: it may be a secret.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use lexopt::prelude::{Long, Short};

/// The options of a tool, filled in one by one.
pub(crate) trait Options: Default {
    /// Takes an option that stands alone; `false` if there is none of this name.
    fn switch(&mut self, name: &str) -> Result<bool, Box<dyn Error>>;

    /// Takes an option with its value; `false` if there is none of this name.
    fn set(&mut self, name: &str, value: String) -> Result<bool, Box<dyn Error>>;
}

/// Reads all options, or says what the program ends with: 0 where help was asked for, 2 where the usage
/// is wrong.
pub(crate) fn read<O: Options>(usage: &str) -> Result<O, ExitCode> {
    match parse() {
        Ok(Some(options)) => Ok(options),
        // Whoever reads may have gone: that changes nothing.
        Ok(None) => {
            let _ = writeln!(io::stdout(), "{usage}");
            Err(ExitCode::SUCCESS)
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}\n\n{usage}");
            Err(ExitCode::from(2))
        }
    }
}

/// Nothing where help was asked for.
fn parse<O: Options>() -> Result<Option<O>, Box<dyn Error>> {
    let mut options = O::default();
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next().map_err(without_value)? {
        if argument == Short('h') {
            return Ok(None);
        }
        let Long(name) = argument else {
            return Err("each value follows its option; one with a space wants quotes".into());
        };
        let name = name.to_owned();
        if name == "help" {
            return Ok(None);
        }
        if options.switch(&name)? {
            continue;
        }
        let unknown = || format!("there is no option --{name}");
        let value = match arguments.value() {
            Ok(value) => value.into_string().map_err(|_| format!("--{name} is not UTF-8"))?,
            // Only who knows it wants a value. What is set here nobody gets to see.
            Err(_) if matches!(options.set(&name, String::new()), Ok(false)) => {
                return Err(unknown().into());
            }
            Err(error) => return Err(without_value(error).into()),
        };
        if !options.set(&name, value)? {
            return Err(unknown().into());
        }
    }
    Ok(Some(options))
}

fn without_value(error: lexopt::Error) -> String {
    match error {
        lexopt::Error::MissingValue { option: Some(option) } => format!("{option} wants a value"),
        lexopt::Error::UnexpectedValue { option, .. } => format!("{option} takes no value"),
        _ => "the options cannot be read".to_owned(),
    }
}
