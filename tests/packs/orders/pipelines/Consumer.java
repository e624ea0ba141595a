import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** The shop's orders again, read by a plain Java program. It knows nothing of streamproof. */
public class Consumer {
    private static volatile boolean assigned = false;

    public static void main(String[] arguments) throws Exception {
        Properties shop = new Properties();
        shop.load(Files.newBufferedReader(Path.of(arguments[0])));
        serveHealth(Integer.parseInt(shop.getProperty("health.port")));
        Map<String, Object> brokers = Map.of("bootstrap.servers", shop.getProperty("brokers"));
        KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
            with(brokers, "group.id", shop.getProperty("group"), "auto.offset.reset", "earliest", "enable.auto.commit", "false"),
            new StringDeserializer(), new StringDeserializer());
        KafkaProducer<String, String> rejects =
            new KafkaProducer<>(with(brokers), new StringSerializer(), new StringSerializer());
        Thread main = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            consumer.wakeup();
            try {
                main.join();
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
            }
        }));
        consumer.subscribe(List.of(shop.getProperty("topic")));
        try {
            while (true) {
                ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(200));
                assigned = !consumer.assignment().isEmpty();
                StringBuilder rows = new StringBuilder();
                records.forEach(record -> {
                    if (record.value().contains("\"amount\":-")) {
                        rejects.send(new ProducerRecord<>(
                            shop.getProperty("rejects"), "{\"order\":" + record.value() + ",\"why\":\"negative\"}"));
                    } else {
                        rows.append(record.value()).append('\n');
                    }
                });
                rejects.flush();
                if (rows.length() > 0) {
                    insert(shop, rows.toString());
                }
                consumer.commitSync();
            }
        } catch (WakeupException stop) {
            System.out.println("closing the shop");
        } finally {
            consumer.close();
            rejects.close();
        }
    }

    private static Map<String, Object> with(Map<String, Object> basis, String... more) {
        Map<String, Object> all = new java.util.HashMap<>(basis);
        for (int index = 0; index < more.length; index += 2) {
            all.put(more[index], more[index + 1]);
        }
        return all;
    }

    private static void serveHealth(int port) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.createContext("/health", exchange -> {
            exchange.sendResponseHeaders(assigned ? 200 : 503, -1);
            exchange.close();
        });
        server.setExecutor(task -> {
            Thread thread = new Thread(task);
            thread.setDaemon(true);
            thread.start();
        });
        server.start();
    }

    private static void insert(Properties shop, String rows) throws Exception {
        String sql = "INSERT INTO " + shop.getProperty("database") + ".orders"
            + " SETTINGS date_time_input_format = 'best_effort' FORMAT JSONEachRow";
        HttpRequest request = HttpRequest
            .newBuilder(URI.create(shop.getProperty("clickhouse") + "/?query=" + URLEncoder.encode(sql, StandardCharsets.UTF_8)))
            .header("X-ClickHouse-User", shop.getProperty("user"))
            .header("X-ClickHouse-Key", System.getenv("SHOP_DB_PASSWORD"))
            .POST(HttpRequest.BodyPublishers.ofString(rows))
            .build();
        HttpResponse<String> answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IllegalStateException(answer.body());
        }
    }
}
