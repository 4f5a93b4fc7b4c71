package io.millrace.capture.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.debezium.connector.postgresql.connection.Lsn;
import io.debezium.connector.postgresql.connection.ReplicationStream;
import io.millrace.capture.bundle.Held;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A stream over a real socket, whose driver is asked for what came. */
class WatchedStreamTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** Well below what is waited for where nothing comes. */
    private static final Duration NOT_THE_LONGEST = Duration.ofMillis(240);
    private static final int MOST_EXCHANGES = 20;

    private final AtomicInteger questions = new AtomicInteger();
    private final AtomicInteger arrivals = new AtomicInteger();
    private final AtomicInteger flushes = new AtomicInteger();
    private Lsn told;
    private ServerSocket server;
    private Socket sender;
    private StreamSocket socket;

    @BeforeEach
    void connect() throws IOException {
        var properties = new Properties();
        properties.setProperty("replication", "database");
        properties.setProperty("socketFactoryArg", "a_slot");
        server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        socket = (StreamSocket) new StreamSockets(properties).createSocket(server.getInetAddress(), server.getLocalPort());
        sender = server.accept();
    }

    @AfterEach
    void disconnect() throws IOException {
        socket.close();
        sender.close();
        server.close();
    }

    /** Reads what is there, as the driver does. */
    private ReplicationStream stream() {
        var driver = (ReplicationStream) Proxy.newProxyInstance(ReplicationStream.class.getClassLoader(), new Class<?>[] {ReplicationStream.class}, (_, _, _) -> {
            questions.incrementAndGet();
            return socket.getInputStream().available() > 0 && socket.getInputStream().read(new byte[100]) > 0;
        });
        return new WatchedStream(driver, StreamSockets.of("a_slot"), new Held() {
            @Override
            public void begin() {
                throw new AssertionError("the stream has begun");
            }

            @Override
            public void flush(ReplicationStream.ReplicationMessageProcessor processor) {
                flushes.incrementAndGet();
            }

            @Override
            public Lsn told() {
                return told;
            }
        }, arrivals::incrementAndGet);
    }

    @Test
    void whileNothingComesTheDriverIsNotAskedAndWhatComesIsThereAtOnce() throws Exception {
        var stream = stream();
        assertFalse(stream.readPending(null));
        long began = System.nanoTime();
        for (int i = 0; i < 3; i++) {
            assertFalse(stream.readPending(null));
        }
        assertTrue(System.nanoTime() - began > Duration.ofMillis(500).toNanos(), "it was waited for");
        assertEquals(1, questions.get(), "the driver is asked once before it is waited for, and not again while nothing comes");
        int exchanges = 0;
        Duration shortest;
        do {
            shortest = exchange(stream);
            exchanges++;
            assertEquals(exchanges, arrivals.get());
        } while (shortest.compareTo(NOT_THE_LONGEST) >= 0 && exchanges < MOST_EXCHANGES);
        assertTrue(shortest.compareTo(NOT_THE_LONGEST) < 0, "it is not waited for longer than until it comes");
    }

    /** How long something was waited for that came soon; a machine that stood still meanwhile makes that longer. */
    private Duration exchange(ReplicationStream stream) throws Exception {
        var sending = Thread.ofVirtual().start(() -> {
            try {
                TimeUnit.MILLISECONDS.sleep(50);
                sender.getOutputStream().write(new byte[] {1, 2, 3});
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        long began = System.nanoTime();
        while (!stream.readPending(null)) {
            assertTrue(sending.join(PATIENCE), "it is sent");
        }
        var waited = Duration.ofNanos(System.nanoTime() - began);
        assertTrue(sending.join(PATIENCE));
        return waited;
    }

    @Test
    void theByteThatEndedTheWaitingIsNotLost() throws Exception {
        sender.getOutputStream().write(new byte[] {-1, 2, 3, 4});
        assertTrue(socket.await(PATIENCE));
        var two = new byte[2];
        assertEquals(2, socket.getInputStream().read(two, 0, 2));
        assertArrayEquals(new byte[] {-1, 2}, two);
        assertTrue(socket.await(PATIENCE));
        assertEquals(3, socket.getInputStream().read());
        assertEquals(4, socket.getInputStream().read());
        assertFalse(socket.await(Duration.ofMillis(20)));
        assertEquals(0, socket.getSoTimeout());
        sender.shutdownOutput();
        assertTrue(socket.await(PATIENCE), "the end is something to be read");
        assertEquals(-1, socket.getInputStream().read());
    }

    @Test
    void whatIsHeldGoesAsSoonAsNothingMoreIsThereAndDebeziumIsToldOfItsOwnPlace() throws Exception {
        sender.getOutputStream().write(new byte[250]);
        var stream = stream();
        while (questions.get() < 4) {
            stream.readPending(null);
        }
        assertTrue(flushes.get() > 0, "it was asked in vain");
        assertTrue(flushes.get() < questions.get(), "not behind each message");
        told = Lsn.valueOf(7L);
        assertEquals(told, stream.lastReceivedLsn());
    }

    @Test
    void aConnectionWithoutAStreamHasAPlainSocket() {
        assertEquals(Socket.class, new StreamSockets(new Properties()).createSocket().getClass());
    }
}
