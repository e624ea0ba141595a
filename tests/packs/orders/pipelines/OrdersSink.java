import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.sink.SinkConnector;

/** A sink of Kafka Connect that writes orders to ClickHouse. Its task does the work. */
public class OrdersSink extends SinkConnector {
    static final ConfigDef CONFIG = new ConfigDef()
        .define("clickhouse.url", ConfigDef.Type.STRING, ConfigDef.Importance.HIGH, "Where ClickHouse answers over HTTP")
        .define("clickhouse.user", ConfigDef.Type.STRING, ConfigDef.Importance.HIGH, "Who writes")
        .define("clickhouse.password", ConfigDef.Type.PASSWORD, ConfigDef.Importance.HIGH, "The password")
        .define("clickhouse.database", ConfigDef.Type.STRING, ConfigDef.Importance.HIGH, "Where table orders is");

    private Map<String, String> settings;

    @Override
    public void start(Map<String, String> given) {
        settings = given;
    }

    @Override
    public Class<? extends Task> taskClass() {
        return OrdersSinkTask.class;
    }

    @Override
    public List<Map<String, String>> taskConfigs(int most) {
        return List.of(settings);
    }

    @Override
    public void stop() {
    }

    @Override
    public ConfigDef config() {
        return CONFIG;
    }

    @Override
    public String version() {
        return "1";
    }
}
