//! Says where a JSON document is not what it is to be.

use serde_json::Error;

/// Line and column, and the member that is unknown or missing. Other words of the error may hold what
/// stands there.
pub(crate) fn complaint(error: &Error) -> String {
    let text = error.to_string();
    let is_about_a_name = ["unknown field", "missing field"].iter().any(|it| text.starts_with(it));
    if is_about_a_name {
        return text.replace(char::is_control, " ");
    }
    format!("line {}, column {}", error.line(), error.column())
}
