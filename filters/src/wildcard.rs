//! [`Wildcard`]: a text in which `*` stands for any run of characters, also an empty one.

/// A compiled wildcard pattern: the literal parts between its `*`.
///
/// The first part is anchored at the beginning, the last at the end, and each part between them is taken at its
/// first place after the one before. Taking the first place leaves the most to the parts that follow, so there is
/// nothing to go back for, and the time is linear in the text.
///
/// `\*` is a star and `\\` a backslash; a backslash before anything else is itself.
#[derive(Debug, Clone)]
pub(crate) struct Wildcard {
    first: String,
    between: Vec<String>,
    /// None if the pattern has no `*`, so that `first` is all of it.
    last: Option<String>,
}

impl Wildcard {
    pub(crate) fn parse(pattern: &str) -> Self {
        let mut parts = Vec::new();
        let mut part = String::new();
        let mut rest = pattern.chars().peekable();
        while let Some(character) = rest.next() {
            match character {
                '*' => parts.push(std::mem::take(&mut part)),
                '\\' => part.push(rest.next_if(|next| matches!(next, '*' | '\\')).unwrap_or('\\')),
                _ => part.push(character),
            }
        }
        let mut parts = parts.into_iter();
        match parts.next() {
            None => Self { first: part, between: Vec::new(), last: None },
            Some(first) => Self { first, between: parts.collect(), last: Some(part) },
        }
    }

    /// How many `*` it has.
    pub(crate) fn stars(&self) -> usize {
        if self.last.is_some() { self.between.len() + 1 } else { 0 }
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let Some(last) = &self.last else {
            return text == self.first;
        };
        let Some(rest) = text.strip_prefix(self.first.as_str()) else {
            return false;
        };
        let Some(mut rest) = rest.strip_suffix(last.as_str()) else {
            return false;
        };
        for part in &self.between {
            match rest.split_once(part.as_str()) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::Wildcard;
    use proptest::prelude::*;

    fn check(pattern: &str, text: &str, expected: bool) {
        assert_eq!(Wildcard::parse(pattern).matches(text), expected, "{pattern:?} on {text:?}");
    }

    #[test]
    fn a_wildcard_is_anchored_at_both_ends() {
        check("a*c", "abc", true);
        check("a*c", "ac", true);
        check("a*c", "abcd", false);
        check("a*c", "xabc", false);
        check("abc", "abc", true);
        check("abc", "abcd", false);
        check("*", "", true);
        check("", "", true);
        check("", "a", false);
    }

    #[test]
    fn literal_parts_do_not_overlap() {
        check("a*a", "a", false);
        check("ab*bc", "abc", false);
        check("*aba*ba*", "ababa", true);
        check("*aba*aba*", "ababa", false);
    }

    #[test]
    fn an_escaped_star_is_a_star() {
        check(r"\*", "*", true);
        check(r"\*", "x", false);
        check(r"a\\*", r"a\x", true);
        check(r"a\x", r"a\x", true);
        check("\\", "\\", true);
    }

    /// All ways of dividing the text, tried one after the other.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|skipped| naive(rest, &text[skipped..])),
            Some((literal, rest)) => text.first() == Some(literal) && naive(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_trying_everything(pattern in "[abü*]{0,7}", text in "[abü]{0,10}") {
            let (pattern_characters, text_characters): (Vec<_>, Vec<_>) =
                (pattern.chars().collect(), text.chars().collect());
            prop_assert_eq!(
                Wildcard::parse(&pattern).matches(&text),
                naive(&pattern_characters, &text_characters)
            );
        }

        #[test]
        fn its_stars_are_counted(pattern in "[a*]{0,9}") {
            prop_assert_eq!(Wildcard::parse(&pattern).stars(), pattern.matches('*').count());
        }
    }
}
