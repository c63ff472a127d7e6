# Two stages: a wheel is built from the checkout, with the cutter in C, and installed where nothing of the checkout is.
FROM python:3.12-slim AS build
WORKDIR /build
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12-slim
ENV PYTHONDONTWRITEBYTECODE=1 NECESSITY_CACHE=/tmp/necessity
COPY constraints.txt /tmp/constraints.txt
COPY --from=build /wheels /wheels
# hadolint ignore=DL3013
RUN pip install --no-cache-dir --constraint /tmp/constraints.txt "$(find /wheels -name 'necessity-*.whl')[tables,zstd]" \
    && rm -r /wheels /tmp/constraints.txt \
    && useradd --no-create-home --uid 10001 necessity
USER 10001
WORKDIR /work
ENTRYPOINT ["necessity"]
CMD ["--help"]
