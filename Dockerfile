# finevh and its oracles in one image: docker build -t finevh . && docker run --rm -v "$PWD":/work finevh run quick
FROM python:3.11-slim-bookworm

# Only the characterisation of libraries and tests call these; a run needs none of them.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ngspice iverilog \
    && rm -rf /var/lib/apt/lists/*

COPY . /src
RUN pip install --no-cache-dir '/src[characterization,cluster]' && rm -rf /src

# Kernels that are compiled at the first run stay where any user of the container can write.
ENV NUMBA_CACHE_DIR=/var/cache/finevh/numba FINEVH_CACHE=/var/cache/finevh/libraries
RUN mkdir -p /var/cache/finevh/numba /var/cache/finevh/libraries && chmod -R 777 /var/cache/finevh

WORKDIR /work
ENTRYPOINT ["finevh"]
CMD ["--help"]
