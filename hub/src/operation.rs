//! What an operation is, and how a service lists its operations.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::Span;

use crate::auth::Caller;
use crate::hub::Hub;
use crate::wire::{Call, Fault};

/// One action of AWS: two shapes and a function. It knows nothing of formats.
///
/// The shapes use the names of the JSON protocol and hold what the caller sent: members are `Option`s, because
/// what is said of a missing one differs from operation to operation.
pub(crate) trait Operation: DeserializeOwned + Send {
    /// As AWS writes it.
    const NAME: &'static str;

    /// What is answered; a unit for operations whose answer has no result at all.
    type Output: Serialize + Send;

    /// Does it. Whether the caller may is asked where the operation looks up what it is about, which has to exist
    /// first.
    fn run(self, cx: &Context) -> impl Future<Output = Result<Self::Output, Fault>> + Send;
}

/// What an operation knows besides its input.
pub(crate) struct Context {
    pub(crate) hub: Arc<Hub>,
    pub(crate) caller: Caller,
    /// Scheme and authority for URLs that are handed out, without a final slash.
    pub(crate) base_url: String,
    /// The path of the request if it is one of a queue: it names the queue where the input does not.
    pub(crate) queue_path: Option<String>,
    /// The `X-Amzn-Trace-Id` header.
    pub(crate) trace_header: Option<String>,
    /// The request in its trace; disabled if there is none.
    pub(crate) span: Span,
}

/// Reads the input of a call, runs the operation and writes its output.
pub(crate) async fn perform<O: Operation>(call: &Call<'_>, cx: &Context) -> Result<Vec<u8>, Fault> {
    let input = call.decode::<O>()?;
    let output = input.run(cx).await?;
    call.encode(&output)
}

/// Declares the operations of a service: the module of each, the dispatch by name, and the names that AWS has and
/// the hub does not have yet, which are refused.
macro_rules! operations {
    (
        served { $($module:ident::$operation:ident,)* }
        not yet { $($missing:ident,)* }
    ) => {
        $(mod $module;)*

        /// The operations that are served.
        pub(crate) const NAMES: &[&str] = &[$(<$module::$operation as $crate::operation::Operation>::NAME),*];

        /// The operations that AWS has besides.
        const NOT_YET: &[&str] = &[$(stringify!($missing)),*];

        /// Whether an action belongs to this service.
        pub(crate) fn knows(action: &str) -> bool {
            NAMES.contains(&action) || NOT_YET.contains(&action)
        }

        /// Performs the operation that a call names.
        pub(crate) async fn dispatch(
            call: &$crate::wire::Call<'_>,
            cx: &$crate::operation::Context,
        ) -> Result<Vec<u8>, $crate::wire::Fault> {
            // A service may have no operations yet.
            let _ = cx;
            match call.action() {
                $(
                    <$module::$operation as $crate::operation::Operation>::NAME => {
                        $crate::operation::perform::<$module::$operation>(call, cx).await
                    }
                )*
                _ => Err(call.no_such_action(NOT_YET)),
            }
        }
    };
}

pub(crate) use operations;
