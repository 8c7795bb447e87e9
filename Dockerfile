# syntax=docker/dockerfile:1
# The service as one static binary in an empty image, without a shell or a package manager, and not as root.
#
#   docker build --build-arg COMMIT=$(git rev-parse HEAD) \
#     --build-arg SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) -t second-opinion:0.1.0 .
#
# For a reproducible build, set RUST_IMAGE by digest (rust@sha256:…): the same sources, lock file, commit and epoch then give
# the same binary. The versions of the Alpine packages below are not pinned.

ARG RUST_IMAGE=rust:1.95-alpine

FROM ${RUST_IMAGE} AS build
# A C compiler, make and cmake for SQLite and aws-lc; the CA certificates for the token issuer's server.
RUN apk add --no-cache build-base ca-certificates cmake linux-headers perl
WORKDIR /build
COPY . .
# The commit in `--version` and second_opinion_build_info.
ARG COMMIT=unknown
ARG SOURCE_DATE_EPOCH=0
# Remaps the build machine's paths in the binary. Alpine's target links statically.
ENV SECOND_OPINION_COMMIT=${COMMIT} \
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH} \
    CARGO_INCREMENTAL=0 \
    RUSTFLAGS="--remap-path-prefix=/build=. --remap-path-prefix=/usr/local/cargo=cargo"
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --locked --profile ship --bin second-opinion \
 && if readelf -d target/ship/second-opinion | grep NEEDED; then echo "the binary is not static and would not start" >&2; exit 1; fi \
 && mkdir -p /image/usr/local/bin /image/etc/ssl/certs /image/var/lib/second-opinion /image/tmp \
 && cp target/ship/second-opinion /image/usr/local/bin/ \
 && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
 && echo 'nonroot:x:65532:65532::/var/lib/second-opinion:/sbin/nologin' > /image/etc/passwd \
 && echo 'nonroot:x:65532:' > /image/etc/group \
 && chown -R 65532:65532 /image/var/lib/second-opinion && chmod 0700 /image/var/lib/second-opinion && chmod 1777 /image/tmp \
 && /image/usr/local/bin/second-opinion --version \
 && find /image -exec touch -h -d "@${SOURCE_DATE_EPOCH}" {} +

FROM scratch
COPY --from=build /image/ /
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="second-opinion" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${COMMIT}"
ENV PATH=/usr/local/bin \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    SECOND_OPINION_DATA=/var/lib/second-opinion/data
USER 65532:65532
WORKDIR /var/lib/second-opinion
EXPOSE 50051 9464
STOPSIGNAL SIGTERM
# For Docker and Compose; Kubernetes ignores it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["second-opinion", "healthcheck"]
ENTRYPOINT ["second-opinion"]
CMD ["serve"]
