//! How is a layer written as one async function around the rest of the stack?

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use tonic::body::Body;
use tonic::server::NamedService;
use tower::{Layer, Service};

/// What stands inside a layer.
pub trait Inner:
    Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + 'static
{
}

impl<S> Inner for S where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static
{
}

/// A layer's own part.
pub trait Middleware: Clone + Send + Sync + 'static {
    /// Answers a request, by the service inside or without it.
    fn around(
        self,
        request: Request<Body>,
        inner: impl Inner,
    ) -> impl Future<Output = Response<Body>> + Send;
}

/// Asks the service inside.
pub async fn ask(mut inner: impl Inner, request: Request<Body>) -> Response<Body> {
    let Ok(()) = std::future::poll_fn(|context| inner.poll_ready(context)).await;
    let Ok(response) = inner.call(request).await;
    response
}

/// The layer of a [`Middleware`].
#[derive(Clone, Debug)]
pub struct AroundLayer<M>(pub M);

impl<M: Middleware, S> Layer<S> for AroundLayer<M> {
    type Service = Around<M, S>;

    fn layer(&self, inner: S) -> Around<M, S> {
        Around {
            middleware: self.0.clone(),
            inner,
        }
    }
}

/// A service with a [`Middleware`] around it.
#[derive(Clone, Debug)]
pub struct Around<M, S> {
    middleware: M,
    inner: S,
}

impl<M: Middleware, S: Inner> Service<Request<Body>> for Around<M, S> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    /// Always ready: the clone that answers waits for the service inside.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let answer = self.middleware.clone().around(request, self.inner.clone());
        Box::pin(async move { Ok(answer.await) })
    }
}

impl<M, S: NamedService> NamedService for Around<M, S> {
    const NAME: &'static str = S::NAME;
}
