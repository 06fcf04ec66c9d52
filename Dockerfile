# syntax=docker/dockerfile:1
# Two stages: the first installs the pinned packages into a virtual environment, the second
# holds only Python, that environment and the code, and runs as a user without rights.

FROM python:3.13-slim AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
WORKDIR /requirements
COPY requirements.txt requirements-postgres.txt ./
RUN /venv/bin/pip install -r requirements-postgres.txt

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    WEB_HOST=0.0.0.0 \
    WEB_PORT=8080 \
    LOG_FORMAT=json
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin jinkies \
    && mkdir -p /app/data \
    && chown -R jinkies:jinkies /app
WORKDIR /app
COPY --from=packages /venv /venv
COPY run.py bootstrap.py requirements.txt requirements-postgres.txt ./
COPY bot ./bot
# Compiled once, here: the user without rights could not keep it, and would do it at every start.
RUN python -m compileall -q run.py bootstrap.py bot
USER 10001
VOLUME /app/data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen('http://127.0.0.1:' + os.environ['WEB_PORT'] + '/health', timeout=4)"]
# Its packages are there, so run.py installs nothing. SIGTERM ends it cleanly.
ENTRYPOINT ["python", "run.py"]
CMD ["bot"]
