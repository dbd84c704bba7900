# A static binary in an empty image, run as nobody. It serves the storefront
# example until /etc/segue is replaced by a configuration of your own. Without
# API keys Segue listens on loopback only: run it in the network namespace of
# what calls it (the same pod, or --network host).
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=devel
RUN make build VERSION=${VERSION} \
 && mkdir -p /out/data /out/etc/segue \
 && cp -r examples/storefront/segue.yaml examples/storefront/space.json examples/storefront/segments /out/etc/segue/

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build /out/etc /etc
COPY --from=build /src/bin/segue /segue
USER 65532:65532
VOLUME /data
EXPOSE 8080
ENV SEGUE_STORE=pebble:/data
HEALTHCHECK --interval=10s --timeout=3s CMD ["/segue", "healthcheck", "--config", "/etc/segue/segue.yaml"]
ENTRYPOINT ["/segue"]
CMD ["serve", "--config", "/etc/segue/segue.yaml"]
