//! What stands in anything like XML or HTML.

use super::{QUOTES, Search, is_name, is_word};

impl Search<'_> {
    /// What stands within a tag of a telling name, or of one that has it as an attribute.
    pub(super) fn markup(&mut self, text: &str) {
        let mut rest = text;
        while let Some((_, piece)) = rest.split_once('<') {
            rest = piece;
            let Some((tag, content)) = piece.split_once('>') else { continue };
            let name = tag.split([' ', '/', '\n']).next().unwrap_or_default();
            let unquoted = || tag.split_whitespace().filter_map(|it| Some(it.split_once('=')?.1));
            let unquoted = || unquoted().filter(|it| !it.starts_with(QUOTES));
            let attributes = || tag.split(QUOTES).skip(1).step_by(2).chain(unquoted());
            let named = || attributes().filter(|it| is_name(it)).find_map(|it| self.mark(it));
            let Some(mark) = self.mark(name).or_else(named) else { continue };
            let telling: Vec<_> = attributes().filter(|it| self.mark(it).is_none()).collect();
            telling.into_iter().for_each(|value| self.named(mark, value));
            let end = content.find(&format!("</{name}")).unwrap_or(content.len());
            let within = content.get(..end).unwrap_or_default().replace("<![CDATA[", "");
            for piece in within.replace("]]>", "").split('<') {
                self.named(mark, piece.rsplit('>').next().unwrap_or_default().trim());
            }
        }
    }

    /// What follows a label, as in the cells of a table: `<td>name</td><td>value</td>`.
    pub(super) fn labels(&mut self, text: &str) {
        let mut label = None;
        let texts = text.split('<').skip(1).filter_map(|piece| Some(piece.split_once('>')?.1));
        for text in texts.map(|text| text.trim().trim_end_matches(':')) {
            if let Some(mark) = label.filter(|_| !text.is_empty()) {
                if !text.contains(char::is_whitespace) && !is_word(text) {
                    self.named(mark, text);
                }
            }
            if !text.is_empty() {
                label = Some(text).filter(|it| is_name(it)).and_then(|it| self.mark(it));
            }
        }
    }
}
