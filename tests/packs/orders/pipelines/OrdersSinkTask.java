import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Map;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.sink.SinkTask;

/** Writes each batch with one insert. Connect commits the offsets afterwards, and sends bad orders to its own topic. */
public class OrdersSinkTask extends SinkTask {
    private final HttpClient client = HttpClient.newHttpClient();
    private AbstractConfig settings;

    @Override
    public void start(Map<String, String> given) {
        settings = new AbstractConfig(OrdersSink.CONFIG, given);
    }

    @Override
    public void put(Collection<SinkRecord> records) {
        StringBuilder rows = new StringBuilder();
        for (SinkRecord record : records) {
            String value = (String) record.value();
            if (value.contains("\"amount\":-")) {
                context.errantRecordReporter().report(record, new DataException("a negative amount"));
            } else {
                rows.append(value).append('\n');
            }
        }
        if (rows.length() > 0) {
            insert(rows.toString());
        }
    }

    private void insert(String rows) {
        String sql = "INSERT INTO " + settings.getString("clickhouse.database") + ".orders"
            + " SETTINGS date_time_input_format = 'best_effort' FORMAT JSONEachRow";
        String query = URLEncoder.encode(sql, StandardCharsets.UTF_8);
        HttpRequest request = HttpRequest
            .newBuilder(URI.create(settings.getString("clickhouse.url") + "/?query=" + query))
            .header("X-ClickHouse-User", settings.getString("clickhouse.user"))
            .header("X-ClickHouse-Key", settings.getPassword("clickhouse.password").value())
            .POST(HttpRequest.BodyPublishers.ofString(rows))
            .build();
        try {
            HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() != 200) {
                throw new ConnectException(answer.body());
            }
        } catch (java.io.IOException | InterruptedException problem) {
            throw new ConnectException(problem);
        }
    }

    @Override
    public void stop() {
    }

    @Override
    public String version() {
        return "1";
    }
}
