package io.millrace.indexer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hc.client5.http.async.methods.SimpleResponseConsumer;
import org.apache.hc.client5.http.impl.async.CloseableHttpAsyncClient;
import org.apache.hc.client5.http.impl.async.HttpAsyncClients;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.http.message.BasicHttpRequest;
import org.apache.hc.core5.http.nio.AsyncEntityProducer;
import org.apache.hc.core5.http.nio.DataStreamChannel;
import org.apache.hc.core5.http.nio.entity.BasicAsyncEntityProducer;
import org.apache.hc.core5.http.nio.support.BasicRequestProducer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.opensearch.client.transport.httpclient5.internal.HttpEntityAsyncEntityProducer;

/** Bodies of the search engine's client over real connections, to a server that reads as it likes. */
class LargePiecesTest {

    private static final int LARGE = 5_000_003;

    private final BlockingQueue<byte[]> bodies = new LinkedBlockingQueue<>();
    private final AtomicInteger writes = new AtomicInteger();
    private volatile long pauseMillis;
    private HttpServer server;
    private CloseableHttpAsyncClient client;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", exchange -> {
            pause();
            bodies.add(exchange.getRequestBody().readAllBytes());
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        server.start();
        // The counter comes after the one that is tested, so it counts what goes to the connection.
        client = HttpAsyncClients.custom().addExecInterceptorFirst("count", (request, body, scope, chain, callback) -> chain.proceed(request, body == null ? null : new Counted(body), scope, callback))
                .addExecInterceptorFirst("large pieces", LargePieces::send).build();
        client.start();
    }

    private void pause() {
        try {
            Thread.sleep(pauseMillis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        server.stop(0);
    }

    /** The body as the client of the search engine makes it. */
    private static AsyncEntityProducer entity(byte[] bytes) {
        return new HttpEntityAsyncEntityProducer(new ByteArrayEntity(bytes, ContentType.APPLICATION_JSON));
    }

    private byte[] arrived(AsyncEntityProducer body) throws Exception {
        var request = new BasicHttpRequest("POST", "http://localhost:" + server.getAddress().getPort() + "/");
        var answer = client.execute(new BasicRequestProducer(request, body), SimpleResponseConsumer.create(), null).get();
        assertEquals(200, answer.getCode());
        return bodies.take();
    }

    private static byte[] random(int length) {
        var bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    @Test
    void aBodyArrivesAsItIsWhateverItsLength() throws Exception {
        for (int length : new int[] {0, 1, 8_191, 8_192, 8_193, 128 * 1024 - 1, 128 * 1024, 128 * 1024 + 1, 1_000_000}) {
            var body = random(length);
            assertArrayEquals(body, arrived(entity(body)), "as the engine's client makes it, of " + length + " bytes");
            assertArrayEquals(body, arrived(new BasicAsyncEntityProducer(body, ContentType.APPLICATION_JSON)), "in one piece, of " + length + " bytes");
        }
    }

    @Test
    void aConnectionThatTakesNothingForAWhileLosesNothing() throws Exception {
        pauseMillis = 300;
        var body = random(LARGE);
        assertArrayEquals(body, arrived(entity(body)));
    }

    @Test
    void theConnectionIsHandedLargePieces() throws Exception {
        var body = random(LARGE);
        arrived(entity(body));
        assertTrue(writes.get() < LARGE / 50_000, () -> writes + " pieces for " + LARGE + " bytes");
    }

    /** Counts what is handed over. */
    private final class Counted implements AsyncEntityProducer {

        private final AsyncEntityProducer body;

        Counted(AsyncEntityProducer body) {
            this.body = body;
        }

        @Override
        public void produce(DataStreamChannel channel) throws IOException {
            body.produce(new DataStreamChannel() {
                @Override
                public void requestOutput() {
                    channel.requestOutput();
                }

                @Override
                public int write(ByteBuffer bytes) throws IOException {
                    int written = channel.write(bytes);
                    writes.addAndGet(written > 0 ? 1 : 0);
                    return written;
                }

                @Override
                public void endStream() throws IOException {
                    channel.endStream();
                }

                @Override
                public void endStream(List<? extends Header> trailers) throws IOException {
                    channel.endStream(trailers);
                }
            });
        }

        @Override
        public int available() {
            return body.available();
        }

        @Override
        public boolean isRepeatable() {
            return body.isRepeatable();
        }

        @Override
        public void failed(Exception cause) {
            body.failed(cause);
        }

        @Override
        public void releaseResources() {
            body.releaseResources();
        }

        @Override
        public long getContentLength() {
            return body.getContentLength();
        }

        @Override
        public String getContentType() {
            return body.getContentType();
        }

        @Override
        public String getContentEncoding() {
            return body.getContentEncoding();
        }

        @Override
        public boolean isChunked() {
            return body.isChunked();
        }

        @Override
        public java.util.Set<String> getTrailerNames() {
            return body.getTrailerNames();
        }
    }
}
