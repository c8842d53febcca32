# Agenda Online in an image that holds the program, certificates, and nothing else.
#
#   docker build --build-arg VERSION=1.2.0 -t agenda .
#   docker run -p 127.0.0.1:8080:8080 -v agenda:/var/lib/agenda agenda
#   docker exec -it CONTAINER /agenda user add ann --admin
#
# An orchestrator asks /readyz whether it can answer, /healthz whether it lives.

FROM golang:1.26-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends npm ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN tools/bundle
ARG VERSION=0.0.0
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -buildid= -X main.released=$VERSION" -o /out/agenda ./cmd/agenda
# The folder of the installation, which a new volume takes its owner and mode from. It is copied inside another one: the mode of
# a folder is kept only below the one that is named.
RUN mkdir -p /out/state/agenda /out/tmp/tmp && chmod 0700 /out/state/agenda && chmod 1777 /out/tmp/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/agenda /agenda
COPY --from=build --chown=65532:65532 /out/state/ /var/lib/
COPY --from=build /out/tmp/ /
ENV AGENDA_DATA=/var/lib/agenda AGENDA_LISTEN=0.0.0.0:8080
USER 65532:65532
VOLUME /var/lib/agenda
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["/agenda"]
CMD ["serve"]
