"""Report packs that cannot be read as an import error. The DAGs of the other packs are not affected."""

from streamproof.airflow.pack_dags import refuse_broken_packs
from streamproof.airflow.settings import read_settings

refuse_broken_packs(read_settings())
