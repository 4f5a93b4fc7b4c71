package io.millrace.capture.text;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;

/** A socket of which it can be waited for that something comes, without taking it from whoever reads it then. One thread reads and waits. */
final class StreamSocket extends Socket {

    private static final int NONE = -1;

    private Input input;

    /** With the byte in front that came while it was waited for. */
    private static final class Input extends FilterInputStream {
        private int held = NONE;

        Input(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            int first = held;
            held = NONE;
            return first == NONE ? in.read() : first;
        }

        @Override
        public int read(byte[] bytes, int from, int most) throws IOException {
            if (held == NONE || most == 0) {
                return in.read(bytes, from, most);
            }
            bytes[from] = (byte) read();
            int more = Math.min(most - 1, in.available());
            return more <= 0 ? 1 : 1 + Math.max(0, in.read(bytes, from + 1, more));
        }

        @Override
        public int available() throws IOException {
            return in.available() + (held == NONE ? 0 : 1);
        }

        /** Blocks as long as the socket lets it. */
        void hold() throws IOException {
            held = in.read();
        }

        @Override
        public boolean markSupported() {
            return false;
        }
    }

    @Override
    public InputStream getInputStream() throws IOException {
        return input();
    }

    private synchronized Input input() throws IOException {
        if (input == null) {
            input = new Input(super.getInputStream());
        }
        return input;
    }

    /**
     * Whether there is something to read, be it that the other side has ended.
     *
     * @param atMost so long it is waited for
     * @throws IOException when the socket cannot be read
     */
    boolean await(Duration atMost) throws IOException {
        var in = input();
        if (in.available() > 0) {
            return true;
        }
        int before = getSoTimeout();
        setSoTimeout((int) atMost.toMillis());
        try {
            in.hold();
            return true;
        } catch (SocketTimeoutException _) {
            return false;
        } finally {
            setSoTimeout(before);
        }
    }
}
