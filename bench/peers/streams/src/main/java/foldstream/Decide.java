package foldstream;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * The least that decides commands with Kafka Streams, each of them once: reads an aggregate's state
 * (its version and the ids of its commands) from a RocksDB store, looks whether it has had this
 * command, writes it back, and forwards one value of a given size. Exactly once (v2) is from the
 * commands topic on; what a client sends twice only the ids tell. The store has its changelog,
 * without which it would not survive. Of a command only the id is decoded.
 *
 * <p>Decide BROKERS IN OUT VALUE_BYTES STATE_FOLDER THREADS
 */
public final class Decide {
    private static final String STORE = "aggregates";

    private static final class Decider implements Processor<byte[], byte[], byte[], byte[]> {
        private final byte[] value;
        private ProcessorContext<byte[], byte[]> context;
        private KeyValueStore<byte[], byte[]> store;

        Decider(int bytes) {
            value = new byte[bytes];
            java.util.Arrays.fill(value, (byte) 'v');
        }

        @Override
        public void init(ProcessorContext<byte[], byte[]> given) {
            context = given;
            store = given.getStateStore(STORE);
        }

        @Override
        public void process(Record<byte[], byte[]> command) {
            byte[] state = store.get(command.key());
            byte[] id = id(command.value());
            if (state != null && has(state, id)) {
                return;
            }
            byte[] before = state == null ? new byte[Long.BYTES] : state;
            ByteBuffer after = ByteBuffer.allocate(before.length + Integer.BYTES + id.length);
            after.put(before).putInt(id.length).put(id);
            after.putLong(0, after.getLong(0) + 1);
            store.put(command.key(), after.array());
            context.forward(command.withValue(value));
        }

        /** foldstream.v1.Command begins with its id: a tag, a length below 128, the text. */
        private static byte[] id(byte[] command) {
            return Arrays.copyOfRange(command, 2, 2 + command[1]);
        }

        private static boolean has(byte[] state, byte[] id) {
            ByteBuffer ids = ByteBuffer.wrap(state, Long.BYTES, state.length - Long.BYTES);
            while (ids.hasRemaining()) {
                int size = ids.getInt();
                int at = ids.position();
                if (Arrays.equals(state, at, at + size, id, 0, id.length)) {
                    return true;
                }
                ids.position(at + size);
            }
            return false;
        }
    }

    private static Topology topology(String in, String out, int bytes) {
        Topology topology = new Topology();
        topology.addSource(
                "commands",
                Serdes.ByteArray().deserializer(),
                Serdes.ByteArray().deserializer(),
                in);
        topology.addProcessor("decide", () -> new Decider(bytes), "commands");
        topology.addStateStore(
                Stores.keyValueStoreBuilder(
                                Stores.persistentKeyValueStore(STORE),
                                Serdes.ByteArray(),
                                Serdes.ByteArray())
                        .withLoggingEnabled(Map.of()),
                "decide");
        topology.addSink(
                "events",
                out,
                Serdes.ByteArray().serializer(),
                Serdes.ByteArray().serializer(),
                "decide");
        return topology;
    }

    public static void main(String[] given) throws InterruptedException {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, given[2]);
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, given[0]);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, given[4]);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, Integer.parseInt(given[5]));
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4");
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 256 * 1024);
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 2);
        CountDownLatch ended = new CountDownLatch(1);
        KafkaStreams streams = new KafkaStreams(topology(given[1], given[2], Integer.parseInt(given[3])), settings);
        Runtime.getRuntime()
                .addShutdownHook(
                        new Thread(
                                () -> {
                                    streams.close(java.time.Duration.ofSeconds(10));
                                    ended.countDown();
                                }));
        streams.start();
        ended.await();
    }
}
