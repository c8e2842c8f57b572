//! Keeps the token that a walk brings.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::path::PathBuf;

use token_exchanger::Token;

/// A new file for a token.
pub(crate) struct Kept {
    path: PathBuf,
    file: File,
    is_written: bool,
}

impl Kept {
    /// Before anything is sent, so that no token is lost for a wrong path.
    pub(crate) fn create(path: PathBuf) -> Result<Self, String> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .open(&path)
            .map_err(|error| format!("the file of --save-token cannot be made: {error}"))?;
        Ok(Self { path, file, is_written: false })
    }

    pub(crate) fn save(&mut self, token: &Token) -> io::Result<()> {
        let mut json = serde_json::to_vec_pretty(token)?;
        json.push(b'\n');
        // What an earlier try left.
        self.file.rewind()?;
        self.file.set_len(0)?;
        self.file.write_all(&json)?;
        self.file.sync_all()?;
        self.is_written = true;
        Ok(())
    }

    /// Keeps the new token that the walk ended with, if it was not kept on the way. One that was
    /// given is in a file already.
    pub(crate) fn close(mut self, new: Option<&Token>) -> io::Result<()> {
        match new {
            _ if self.is_written => Ok(()),
            Some(token) => self.save(token),
            None => {
                eprintln!("there is no new token: --save-token wrote nothing");
                fs::remove_file(&self.path)
            }
        }
    }
}
