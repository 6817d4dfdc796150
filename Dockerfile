# The server alone: a static binary, a model and its compiled index, and nothing else.
#
#   docker build --build-arg MODEL=models/mine --build-arg NAME=mine --tag m2v-server .
#   docker run --read-only --publish 127.0.0.1:8080:8080 m2v-server
#
# MODEL is a folder below this one; NAME is what clients call it. There is no shell inside: have
# whoever runs it ask /health. `make test-server-system` runs these steps one by one.

FROM rust:1-alpine AS build
RUN apk add --no-cache musl-dev
WORKDIR /src
# The crates take their edition and lints from the manifest above them.
COPY Cargo.toml Cargo.lock ./
COPY rust rust
RUN cargo install --locked --path rust/server --root /out
ARG MODEL=python/m2v_fast/bundled/minilm
COPY ${MODEL} /model
RUN /out/bin/m2v-server /model --compile

FROM scratch
ARG NAME=minilm
ENV M2V_SERVER_MODEL=${NAME}=/model
ENV M2V_SERVER_HOST=0.0.0.0
ENV M2V_SERVER_LOG=json
COPY --from=build /out/bin/m2v-server /m2v-server
COPY --from=build /model /model
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/m2v-server"]
