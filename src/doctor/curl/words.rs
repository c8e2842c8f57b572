//! Splits what was pasted into the words that a shell hands to a command.

use std::iter::Peekable;
use std::str::Chars;

use super::CurlError;

/// The commands of the text, each as its words.
pub(super) fn commands(text: &str) -> Result<Vec<Vec<String>>, CurlError> {
    let is_windows = is_windows(text);
    // Single quotes are no quotes there.
    if (is_windows || !text.contains('\'')) && has_variable(text) {
        return Err(CurlError::Variable);
    }
    if is_windows { Ok(windows(text)) } else { Shell::read(text) }
}

/// A caret continues a line or escapes a quote there, and does neither elsewhere.
fn is_windows(text: &str) -> bool {
    [" ^\n", " ^\r\n", " ^\""].iter().any(|sign| text.contains(sign))
}

/// Whether there is a `%variable%` of `cmd.exe`, which no quotes keep from being read. What is `%C3%A9`
/// is not.
fn has_variable(text: &str) -> bool {
    let is_escape = |rest: &str| {
        rest.get(..2).is_some_and(|it| it.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('%') {
        rest = after;
        let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let Some((name, end)) = end.and_then(|end| after.split_at_checked(end)) else { continue };
        let Some(after) = end.strip_prefix('%') else { continue };
        let is_name = name.len() > 1 && !name.starts_with(|c: char| c.is_ascii_digit());
        if is_name && !(is_escape(name) && (name.len() == 2 || is_escape(after))) {
            return true;
        }
    }
    false
}

/// In PowerShell a back-quote escapes, and a line ends with one that goes on.
fn is_powershell(text: &str) -> bool {
    text.to_ascii_lowercase().contains("curl.exe")
        || text.lines().any(|line| line.trim_end().ends_with(" `"))
}

/// Reads as a POSIX shell does, with the `$'..'` of the newer ones, and as PowerShell does where it has
/// another meaning for what would be an error.
struct Shell<'t> {
    rest: Peekable<Chars<'t>>,
    is_powershell: bool,
    commands: Vec<Vec<String>>,
    words: Vec<String>,
    word: Option<String>,
    /// Whether the next word is the target of a redirection, and none of the command's.
    is_target: bool,
}

impl<'t> Shell<'t> {
    fn read(text: &'t str) -> Result<Vec<Vec<String>>, CurlError> {
        let rest = text.chars().peekable();
        let (commands, words) = (Vec::new(), Vec::new());
        let is_powershell = is_powershell(text);
        let mut shell = Self { rest, is_powershell, commands, words, word: None, is_target: false };
        while let Some(character) = shell.rest.next() {
            shell.take(character)?;
        }
        shell.end_command();
        Ok(shell.commands)
    }

    fn take(&mut self, character: char) -> Result<(), CurlError> {
        match character {
            '\\' => self.escape(),
            '\'' => self.quoted()?,
            '"' => self.double_quoted()?,
            '$' => self.dollar()?,
            '`' if self.continues_line() => {}
            '`' if self.is_powershell => self.escape(),
            '`' => return Err(CurlError::Variable),
            '#' if self.word.is_none() => while self.rest.next_if(|&c| c != '\n').is_some() {},
            '\n' | ';' | '|' => self.end_command(),
            '&' => {
                // The `&` of a body or a URL that was meant to be one word.
                let goes_on = self.rest.peek().is_some_and(|c| c.is_alphanumeric());
                if goes_on && self.word.is_some() {
                    return Err(CurlError::BareAmpersand);
                }
                self.end_command();
            }
            '<' | '>' => {
                let is_number = |word: &String| word.bytes().all(|byte| byte.is_ascii_digit());
                self.word.take_if(|word| is_number(word));
                self.end_word();
                while self.rest.next_if(|c| "<>&|".contains(*c)).is_some() {}
                self.is_target = true;
            }
            character if character.is_whitespace() => self.end_word(),
            character => self.push(character),
        }
        Ok(())
    }

    fn push(&mut self, character: char) {
        self.word.get_or_insert_default().push(character);
    }

    fn end_word(&mut self) {
        if let Some(word) = self.word.take() {
            if !std::mem::take(&mut self.is_target) {
                self.words.push(word);
            }
        }
    }

    fn end_command(&mut self) {
        self.end_word();
        self.is_target = false;
        if !self.words.is_empty() {
            self.commands.push(std::mem::take(&mut self.words));
        }
    }

    /// Skips the end of the line, and blanks before it, which a web page may have added.
    fn continues_line(&mut self) -> bool {
        let mut ahead = self.rest.clone();
        while ahead.next_if(|c| matches!(c, ' ' | '\t' | '\r')).is_some() {}
        let ends = ahead.next_if_eq(&'\n').is_some();
        if ends {
            self.rest = ahead;
        }
        ends
    }

    fn escape(&mut self) {
        if self.continues_line() {
            return;
        }
        if let Some(character) = self.rest.next() {
            self.push(character);
        }
    }

    fn quoted(&mut self) -> Result<(), CurlError> {
        let word = self.word.get_or_insert_default();
        loop {
            match self.rest.next().ok_or(CurlError::Unfinished)? {
                '\'' if self.is_powershell && self.rest.next_if_eq(&'\'').is_some() => {
                    word.push('\'')
                }
                '\'' => return Ok(()),
                character => word.push(character),
            }
        }
    }

    fn double_quoted(&mut self) -> Result<(), CurlError> {
        self.word.get_or_insert_default();
        loop {
            match self.rest.next().ok_or(CurlError::Unfinished)? {
                '"' if self.is_powershell && self.rest.next_if_eq(&'"').is_some() => self.push('"'),
                '"' => return Ok(()),
                '`' if self.is_powershell => {
                    let escaped = self.rest.next().ok_or(CurlError::Unfinished)?;
                    self.push(escaped);
                }
                '`' => return Err(CurlError::Variable),
                '$' if self.rest.peek().is_some_and(|&c| begins_variable(c)) => {
                    return Err(CurlError::Variable);
                }
                '\\' => match self.rest.next().ok_or(CurlError::Unfinished)? {
                    '\n' => {}
                    '\r' if self.rest.next_if_eq(&'\n').is_some() => {}
                    character if "$`\"\\".contains(character) => self.push(character),
                    character => {
                        self.push('\\');
                        self.push(character);
                    }
                },
                character => self.push(character),
            }
        }
    }

    fn dollar(&mut self) -> Result<(), CurlError> {
        if self.rest.next_if_eq(&'\'').is_some() {
            return self.escaped();
        }
        if self.rest.next_if_eq(&'"').is_some() {
            return self.double_quoted();
        }
        if self.rest.peek().is_some_and(|&c| begins_variable(c)) {
            return Err(CurlError::Variable);
        }
        self.push('$');
        Ok(())
    }

    /// What stands in `$'..'`.
    fn escaped(&mut self) -> Result<(), CurlError> {
        let mut bytes = Vec::new();
        loop {
            match self.rest.next().ok_or(CurlError::Unfinished)? {
                '\'' => break,
                '\\' => self.escape_sequence(&mut bytes)?,
                character => extend(&mut bytes, character),
            }
        }
        // Several escapes may make one character.
        self.word.get_or_insert_default().push_str(&String::from_utf8_lossy(&bytes));
        Ok(())
    }

    fn escape_sequence(&mut self, bytes: &mut Vec<u8>) -> Result<(), CurlError> {
        let character = self.rest.next().ok_or(CurlError::Unfinished)?;
        match character {
            'a' => bytes.push(7),
            'b' => bytes.push(8),
            'e' | 'E' => bytes.push(27),
            'f' => bytes.push(12),
            'n' => bytes.push(b'\n'),
            'r' => bytes.push(b'\r'),
            't' => bytes.push(b'\t'),
            'v' => bytes.push(11),
            'x' => match self.number(16, 2) {
                Some(number) => bytes.push(number as u8),
                None => bytes.extend(b"\\x"),
            },
            'u' | 'U' => {
                let number = self.number(16, if character == 'u' { 4 } else { 8 });
                let character = number.and_then(char::from_u32);
                extend(bytes, character.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            '0'..='7' => {
                let first = character.to_digit(8).unwrap_or_default();
                let (mut number, mut left) = (first, 2);
                while let Some(digit) = self.digit(8).filter(|_| left > 0) {
                    self.rest.next();
                    (number, left) = (number * 8 + digit, left - 1);
                }
                bytes.push(number as u8);
            }
            '\\' | '\'' | '"' | '?' => extend(bytes, character),
            character => {
                bytes.push(b'\\');
                extend(bytes, character);
            }
        }
        Ok(())
    }

    fn digit(&mut self, radix: u32) -> Option<u32> {
        self.rest.peek()?.to_digit(radix)
    }

    fn number(&mut self, radix: u32, most: usize) -> Option<u32> {
        let mut number = None;
        for _ in 0..most {
            let Some(digit) = self.digit(radix) else { break };
            self.rest.next();
            number = Some(number.unwrap_or(0u32).wrapping_mul(radix).wrapping_add(digit));
        }
        number
    }
}

fn extend(bytes: &mut Vec<u8>, character: char) {
    bytes.extend(character.encode_utf8(&mut [0; 4]).as_bytes());
}

fn begins_variable(next: char) -> bool {
    next.is_alphanumeric() || "_{(@*#?!$-".contains(next)
}

/// Reads as `cmd.exe` does, and then as the program itself.
fn windows(text: &str) -> Vec<Vec<String>> {
    let (mut lines, mut line) = (Vec::new(), String::new());
    let mut is_quoted = false;
    let mut rest = text.chars().filter(|&c| c != '\r').peekable();
    while let Some(character) = rest.next() {
        match character {
            '^' if !is_quoted => match rest.next() {
                // The first character of the next line is escaped too: so an end of line is written.
                Some('\n') => line.extend(rest.next_if_eq(&'\n')),
                escaped => line.extend(escaped),
            },
            '\n' => {
                is_quoted = false;
                lines.push(std::mem::take(&mut line));
            }
            '&' | '|' | '<' | '>' if !is_quoted => lines.push(std::mem::take(&mut line)),
            character => {
                is_quoted ^= character == '"';
                line.push(character);
            }
        }
    }
    lines.push(line);
    let commands = lines.iter().map(|line| arguments(line));
    commands.filter(|words| !words.is_empty()).collect()
}

/// The words of a line, as a Windows program reads them: backslashes escape quotes alone.
fn arguments(line: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let (mut is_quoted, mut backslashes) = (false, 0);
    let mut rest = line.chars().peekable();
    while let Some(character) = rest.next() {
        if character == '\\' {
            backslashes += 1;
            continue;
        }
        let before = std::mem::take(&mut backslashes);
        let is_quote = character == '"';
        let left = if is_quote { before / 2 } else { before };
        if left > 0 {
            word.get_or_insert_default().extend(std::iter::repeat_n('\\', left));
        }
        match character {
            '"' if before % 2 == 1 => word.get_or_insert_default().push('"'),
            '"' if is_quoted && rest.next_if_eq(&'"').is_some() => {
                word.get_or_insert_default().push('"');
            }
            '"' => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            ' ' | '\t' | '\n' if !is_quoted => words.extend(word.take()),
            character => word.get_or_insert_default().push(character),
        }
    }
    if backslashes > 0 {
        word.get_or_insert_default().extend(std::iter::repeat_n('\\', backslashes));
    }
    words.extend(word);
    words
}
