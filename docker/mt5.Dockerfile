# A MetaTrader 5 terminal under Wine with `tiller bridge` beside it. NOT TRIED: no terminal was at hand where it was
# written. The parts (bridge, client, messages) are tested on Linux with an emulated terminal; Wine is not.
#   docker compose -f docker/compose.yaml -f docker/mt5.compose.yaml up -d
FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates wine wine64 winbind xauth xvfb \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home tiller \
    && install -d -o tiller -g tiller -m 0700 /data
WORKDIR /opt/tiller
COPY docker/requirements.lock docker/
COPY pyproject.toml README.md ./
COPY bot bot
COPY handlers handlers
COPY migrations migrations
COPY trading trading
# The installers are yours: python.exe (Python for Windows, 64 bit) and mt5setup.exe (your broker's, or MetaQuotes's).
COPY <<'EOF' /usr/local/bin/start
#!/bin/sh
set -eu
python='C:\python\python.exe'
if [ ! -e "$WINEPREFIX/drive_c/python/python.exe" ]; then
    wine /installers/python.exe /quiet InstallAllUsers=0 'TargetDir=C:\python' Include_test=0 Include_launcher=0
    wine "$python" -m pip install --require-hashes -r 'Z:\opt\tiller\docker\requirements.lock'
    cp -r /opt/tiller /tmp/tiller
    wine "$python" -m pip install --no-deps --no-build-isolation 'Z:\tmp\tiller'
fi
if [ ! -e "$WINEPREFIX/drive_c/Program Files/MetaTrader 5/terminal64.exe" ]; then
    wine /installers/mt5setup.exe /auto
fi
exec wine "$python" -m bot bridge --data-dir 'Z:\data\bridge'
EOF
RUN chmod 0755 /usr/local/bin/start
ENV WINEPREFIX=/data/wine \
    WINEDEBUG=-all \
    TILLER_BRIDGE__HOST=0.0.0.0
USER tiller
VOLUME /data
EXPOSE 8421
STOPSIGNAL SIGTERM
ENTRYPOINT ["xvfb-run", "--auto-servernum", "start"]
