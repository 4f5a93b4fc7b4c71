package io.millrace.indexer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;
import org.apache.hc.client5.http.async.AsyncExecCallback;
import org.apache.hc.client5.http.async.AsyncExecChain;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.HttpRequest;
import org.apache.hc.core5.http.nio.AsyncEntityProducer;
import org.apache.hc.core5.http.nio.DataStreamChannel;

/**
 * Hands a request's body to its connection in large pieces, as many as it takes at once. By itself the search engine's client hands over 8 KB, waits until the connection is ready, and so on: some 300 times for one bulk request. For one request.
 */
final class LargePieces implements AsyncEntityProducer {

    private static final int PIECE = 128 * 1024;

    private final AsyncEntityProducer whole;
    /** What was taken out of the body and not yet by the connection. */
    private final ByteBuffer piece;
    /** Whether all of the body was taken out of it. */
    private boolean ended;
    private List<? extends Header> trailers;

    private LargePieces(AsyncEntityProducer whole) {
        this.whole = whole;
        long length = whole.getContentLength();
        this.piece = ByteBuffer.allocate(length < 0 ? PIECE : (int) Math.min(PIECE, Math.max(1, length)));
    }

    /** A step of the client's chain. */
    static void send(HttpRequest request, AsyncEntityProducer body, AsyncExecChain.Scope scope, AsyncExecChain chain, AsyncExecCallback callback) throws HttpException, IOException {
        chain.proceed(request, body == null ? null : new LargePieces(body), scope, callback);
    }

    @Override
    public void produce(DataStreamChannel channel) throws IOException {
        fill(channel);
        // A connection that has all of the body takes no further piece, not even an empty one.
        while (piece.position() > 0 && handOver(channel)) {
            fill(channel);
        }
        if (ended && piece.position() == 0) {
            channel.endStream(trailers);
        }
    }

    /** @return whether the connection took all of it */
    private boolean handOver(DataStreamChannel channel) throws IOException {
        piece.flip();
        channel.write(piece);
        piece.compact();
        return piece.position() == 0;
    }

    private void fill(DataStreamChannel channel) throws IOException {
        var filling = new Filling(channel);
        int before = -1;
        while (!ended && piece.hasRemaining() && piece.position() > before) {
            before = piece.position();
            whole.produce(filling);
        }
    }

    /** Where the body puts what it has. */
    private final class Filling implements DataStreamChannel {

        private final DataStreamChannel channel;

        Filling(DataStreamChannel channel) {
            this.channel = channel;
        }

        @Override
        public int write(ByteBuffer bytes) {
            int taken = Math.min(bytes.remaining(), piece.remaining());
            piece.put(piece.position(), bytes, bytes.position(), taken).position(piece.position() + taken);
            bytes.position(bytes.position() + taken);
            return taken;
        }

        @Override
        public void requestOutput() {
            channel.requestOutput();
        }

        @Override
        public void endStream() {
            ended = true;
        }

        @Override
        public void endStream(List<? extends Header> last) {
            ended = true;
            trailers = last;
        }
    }

    @Override
    public int available() {
        return piece.position() > 0 || ended ? Integer.MAX_VALUE : whole.available();
    }

    @Override
    public boolean isRepeatable() {
        return whole.isRepeatable();
    }

    @Override
    public void failed(Exception cause) {
        whole.failed(cause);
    }

    @Override
    public void releaseResources() {
        piece.clear();
        ended = false;
        trailers = null;
        whole.releaseResources();
    }

    @Override
    public long getContentLength() {
        return whole.getContentLength();
    }

    @Override
    public String getContentType() {
        return whole.getContentType();
    }

    @Override
    public String getContentEncoding() {
        return whole.getContentEncoding();
    }

    @Override
    public boolean isChunked() {
        return whole.isChunked();
    }

    @Override
    public Set<String> getTrailerNames() {
        return whole.getTrailerNames();
    }
}
