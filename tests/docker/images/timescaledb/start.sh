# Makes the cluster with POSTGRES_USER and POSTGRES_PASSWORD once, and, as the official image does, the extension in the
# databases that are there, also in the one that new databases are copied from. Then serves. Its arguments are those of
# that image: `postgres`, and options of the server.
set -euo pipefail
bin=/usr/lib/postgresql/17/bin
data=/var/lib/postgresql/data/cluster
options=(-c shared_preload_libraries=timescaledb -c unix_socket_directories=/tmp -c timezone=UTC "${@:2}")
if [ ! -s "$data/PG_VERSION" ]; then
    "$bin/initdb" --pgdata="$data" --username="$POSTGRES_USER" --auth-host=scram-sha-256 --auth-local=trust \
        --encoding=UTF8 --no-locale --pwfile=<(printf '%s' "$POSTGRES_PASSWORD") >/dev/null
    echo 'host all all all scram-sha-256' >>"$data/pg_hba.conf"
    "$bin/pg_ctl" start --pgdata="$data" --wait --silent --options="$(printf '%q ' "${options[@]}" -c listen_addresses=)"
    for database in template1 postgres; do
        "$bin/psql" --no-psqlrc --quiet --host=/tmp --username="$POSTGRES_USER" --dbname="$database" \
            --command='CREATE EXTENSION IF NOT EXISTS timescaledb' 2>/dev/null
    done
    "$bin/pg_ctl" stop --pgdata="$data" --wait --silent
fi
exec "$bin/postgres" -D "$data" "${options[@]}" -c listen_addresses='*'
