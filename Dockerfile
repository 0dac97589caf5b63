# syntax=docker/dockerfile:1

# The programs are static and hold their own time zone data, so the image needs
# nothing but them and the certificates of the authorities.
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG TARGETOS TARGETARCH
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags='-s -w' -o /out/ ./apps/server ./apps/worker
# A folder that the user without privileges may write: a new volume takes over
# its owner and mode. SQLite and uploads need one for temporary files, too.
RUN install -d -m 0700 /rootfs/var/lib/crier && install -d -m 1777 /rootfs/tmp

FROM scratch
LABEL org.opencontainers.image.title="Crier" \
      org.opencontainers.image.description="Schedules posts to social networks and publishes each exactly once" \
      org.opencontainers.image.source="https://github.com/crierhq/crier" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build --chown=65532:65532 /rootfs/ /
COPY --from=build /out/ /usr/local/bin/
ENV DATA_DIR=/var/lib/crier LOG_FORMAT=json
USER 65532:65532
VOLUME /var/lib/crier
EXPOSE 3000
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 CMD ["/usr/local/bin/server", "health"]
STOPSIGNAL SIGTERM
CMD ["/usr/local/bin/server"]
