package io.millrace.pipeline.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.timeout.IdleStateEvent;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AnswerWatchTest {

    private int told;
    private final EmbeddedChannel connection = new EmbeddedChannel(new AnswerWatch(false), new ChannelInboundHandlerAdapter() {
        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            told++;
        }
    });

    @AfterEach
    void close() {
        connection.finishAndReleaseAll();
    }

    @Test
    void aWholeRequestIsWorkedOnForAsLongAsItTakes() {
        begin();
        end();
        for (int i = 0; i < 100; i++) {
            assertFalse(isGivenUp());
        }
        answer(HttpResponseStatus.OK);
        assertFalse(isGivenUp(), "the answer went just now");
        assertTrue(isGivenUp(), "nothing came any more");
    }

    @Test
    void aBodyThatComesByteByByteIsGivenUp() {
        begin();
        content();
        assertFalse(isGivenUp(), "it may have begun just now");
        content();
        assertTrue(isGivenUp());
    }

    @Test
    void theNextRequestOfAConnectionIsHeldToTheSame() {
        begin();
        end();
        answer(HttpResponseStatus.OK);
        assertFalse(isGivenUp());
        begin();
        assertFalse(isGivenUp());
        content();
        assertTrue(isGivenUp());
    }

    @Test
    void anInvitationToGoOnIsNoAnswer() {
        begin();
        assertFalse(isGivenUp());
        answer(HttpResponseStatus.CONTINUE);
        assertTrue(isGivenUp());
        end();
        isGivenUp();
        assertFalse(isGivenUp(), "it is worked on");
    }

    @Test
    void refusedRequestsLeaveNothingBehind() {
        for (int i = 0; i < 1_000; i++) {
            begin();
            answer(HttpResponseStatus.TOO_MANY_REQUESTS);
            end();
        }
        assertEquals(-1, connection.runScheduledPendingTasks(), "no timer runs");
        assertFalse(isGivenUp());
        assertTrue(isGivenUp());
    }

    @Test
    void aRefusedRequestWhoseBodyNeverEndsIsGivenUp() {
        begin();
        answer(HttpResponseStatus.FORBIDDEN);
        assertFalse(isGivenUp());
        content();
        assertTrue(isGivenUp());
    }

    @Test
    void aServiceThatTakesInNoMoreBlamesNobody() {
        begin();
        isGivenUp();
        connection.config().setAutoRead(false);
        assertFalse(isGivenUp());
        connection.config().setAutoRead(true);
        assertTrue(isGivenUp());
    }

    @Test
    void thatNothingWentInEitherDirectionIsPassedOn() {
        begin();
        end();
        connection.pipeline().fireUserEventTriggered(IdleStateEvent.ALL_IDLE_STATE_EVENT);
        assertEquals(1, told);
    }

    private void begin() {
        connection.writeInbound(new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.POST, "/"));
    }

    private void content() {
        connection.writeInbound(new DefaultHttpContent(Unpooled.wrappedBuffer(new byte[1])));
    }

    private void end() {
        connection.writeInbound(LastHttpContent.EMPTY_LAST_CONTENT);
    }

    private void answer(HttpResponseStatus status) {
        connection.writeOutbound(new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status));
    }

    /** Whether the connection hears that nothing was written for a while. */
    private boolean isGivenUp() {
        int before = told;
        connection.pipeline().fireUserEventTriggered(IdleStateEvent.WRITER_IDLE_STATE_EVENT);
        return told > before;
    }
}
