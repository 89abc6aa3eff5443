# syntax=docker/dockerfile:1
# Builds the three programs and puts them into a small image. Debian 13 by default:
#   docker build --tag cairn:local .
ARG BASE=docker.io/library/debian:trixie-slim

FROM ${BASE} AS build
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends make >/dev/null
WORKDIR /src
# The dependencies change rarely: a layer of their own keeps rebuilds short.
COPY scripts/install-deps scripts/requirements-protos.txt scripts/requirements-charts.txt \
    scripts/requirements-node.txt scripts/
RUN scripts/install-deps
COPY . .
RUN make build && mkdir -p /out/bin /out/data && strip -o /out/bin/cairnd build/bin/cairnd \
    && strip -o /out/bin/mlctl build/bin/mlctl \
    && strip -o /out/bin/cairn-pipeline build/bin/cairn-pipeline
# What a bare Debian lacks must be linked into the programs.
RUN set -e; for program in /out/bin/*; do \
      extra=$(ldd "$program" | awk '/=>/ {print $1}' \
        | grep -vE '^lib(c|m|gcc_s|stdc\+\+|dl|rt|pthread|resolv)\.so' || true); \
      if [ -n "$extra" ]; then echo "$program needs" $extra >&2; exit 1; fi; \
    done

FROM ${BASE}
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin cairn
COPY --from=build /out/bin/ /usr/local/bin/
COPY --from=build --chown=10001:10001 /out/data /data
# Fails here, not at the first start, if a program cannot be loaded.
RUN cairnd --help >/dev/null && mlctl --help >/dev/null && cairn-pipeline --help >/dev/null
USER 10001:10001
ENV MLCTL_SERVER=127.0.0.1:50051
VOLUME /data
EXPOSE 50051 5000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 CMD ["mlctl", "ping"]
# Inside a container all addresses are the container's own; who may reach them is
# decided by what is published. Publish to 127.0.0.1 unless a proxy with TLS and
# authentication stands in front.
CMD ["cairnd", "--data-dir", "/data", "--grpc-address", "0.0.0.0:50051", "--http-address", "0.0.0.0:5000", "--insecure-network"]
