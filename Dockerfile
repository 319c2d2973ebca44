# The service, and the commands that fill an index. No torch; nothing is written outside /var/lib/aisle and /tmp.
#
#   docker build --tag aisle .
#   docker run --rm --read-only --tmpfs /tmp --publish 127.0.0.1:8080:8080 --volume aisle:/var/lib/aisle \
#     --env AISLE_URL=https://search.example:9200 --env AISLE_USER --env AISLE_PASSWORD aisle serve --name shop
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/aisle
COPY requirements/demo.txt requirements/demo.txt
RUN /opt/aisle/bin/pip install --no-cache-dir --require-hashes -r requirements/demo.txt
COPY pyproject.toml README.md LICENSE ./
COPY aisle aisle
RUN /opt/aisle/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin aisle \
    && install --directory --owner 10001 --group 10001 /var/lib/aisle
COPY --from=build /opt/aisle /opt/aisle
ENV PATH=/opt/aisle/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    AISLE_HOME=/var/lib/aisle \
    AISLE_CACHE=/tmp/aisle \
    AISLE_SERVE_HOST=0.0.0.0
USER 10001:10001
VOLUME /var/lib/aisle
EXPOSE 8080
ENTRYPOINT ["aisle"]
CMD ["serve", "--name", "shop"]
