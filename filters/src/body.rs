//! Looks for the conditions of a policy in a message body, whose structure decides which values belong together.

use crate::condition::Condition;
use crate::evidence::Evidence;
use crate::json::{Json, Members};
use crate::limits::KEYS_MAX;
use crate::together::{Conditions, Together};
use crate::value::Value;

/// Goes through a body once, down only where a condition leads.
///
/// It calls itself as deep as the body nests, which the reader of the body has bounded.
pub(crate) fn search(body: &Members<'_>, conditions: &[Condition]) -> Evidence {
    let mut search = Search { conditions, present: Conditions::default() };
    let mut paths = [Path::Elsewhere; KEYS_MAX];
    for (path, condition) in paths.iter_mut().zip(conditions) {
        *path = Path::Below(&condition.path);
    }
    let together = search.object(body, &paths);
    Evidence { present: search.present, together }
}

struct Search<'p> {
    conditions: &'p [Condition],
    present: Conditions,
}

/// The rest of the path of one condition, seen from a place in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Path<'p> {
    /// It does not lead here.
    Elsewhere,
    /// It ends here.
    Here,
    /// It goes on with this.
    Below(&'p str),
}

impl Path<'_> {
    /// The rest of the path seen from a member. Dots join keys, on both sides: the path `a.b.c` goes through the
    /// member `a.b` as well as through `a`.
    fn through(self, key: &str) -> Self {
        let Path::Below(path) = self else {
            return Self::Elsewhere;
        };
        match path.strip_prefix(key) {
            None => Self::Elsewhere,
            Some("") => Self::Here,
            Some(rest) => rest.strip_prefix('.').map_or(Self::Elsewhere, Self::Below),
        }
    }
}

type Paths<'p> = [Path<'p>; KEYS_MAX];

impl<'p> Search<'p> {
    /// Members belong together: what one satisfies adds to what the others do.
    fn object(&mut self, members: &Members<'_>, paths: &Paths<'p>) -> Together {
        let mut together = Together::NOTHING;
        for (key, value) in members {
            let inside = paths.map(|path| path.through(key));
            if inside != [Path::Elsewhere; KEYS_MAX] {
                together = together.and(self.value(value, &inside));
            }
        }
        together
    }

    fn value(&mut self, value: &Json<'_>, paths: &Paths<'p>) -> Together {
        match value {
            Json::Object(members) => self.object(members, paths),
            // Of the elements, one at a time: fields of two elements do not belong together.
            Json::List(elements) => elements
                .iter()
                .map(|element| self.value(element, paths))
                .fold(Together::NOTHING, Together::or),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {
                Value::of(value).map_or(Together::NOTHING, |scalar| self.scalar(scalar, paths))
            }
        }
    }

    fn scalar(&mut self, scalar: Value<'_>, paths: &Paths<'p>) -> Together {
        let mut satisfied = Conditions::default();
        for (position, (path, condition)) in paths.iter().zip(self.conditions).enumerate() {
            if *path == Path::Here {
                self.present.insert(position);
                if condition.matches(scalar) {
                    satisfied.insert(position);
                }
            }
        }
        Together::exactly(satisfied)
    }
}
