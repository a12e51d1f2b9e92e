# The tidegate command with the extra [bigquery], for a project of workflows to be laid over:
#
#   docker build -t tidegate .
#   docker run --rm --read-only --tmpfs /tmp --workdir /tmp tidegate demo
#
# A project adds itself at /app; docs/operations/cloud_run.md shows how. Nothing needs to be written but /tmp:
# state goes where TIDEGATE_HOME says (gs://bucket/prefix), scratch files to /tmp.
# BASE=python:3.13-slim@sha256:... pins the base image, which is Debian's and has no compiler.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
WORKDIR /src
COPY requirements/build.lock requirements/runtime.lock requirements/
# The packages change seldom and the source often, so the packages are a layer of their own.
RUN python -m venv --without-pip /opt/tidegate \
    && python -m pip --python /opt/tidegate/bin/python install --require-hashes --only-binary :all: \
        --requirement requirements/runtime.lock
RUN python -m venv /opt/build \
    && /opt/build/bin/python -m pip install --require-hashes --only-binary :all: \
        --requirement requirements/build.lock
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN /opt/build/bin/python -m hatchling build --target wheel --directory /opt/wheel \
    && python -m pip --python /opt/tidegate/bin/python install --no-deps --no-index /opt/wheel/*.whl

FROM ${BASE}
COPY --from=build /opt/tidegate /opt/tidegate
ENV PATH=/opt/tidegate/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp
WORKDIR /app
USER 10001:10001
ENTRYPOINT ["tidegate"]
CMD ["--help"]
