package io.millrace.pipeline.access;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.timeout.IdleState;
import io.netty.handler.timeout.IdleStateEvent;

/**
 * Holds back the news that nothing was written to a connection for a while, as long as that is no fault of the caller's: a whole request is being worked on, the service itself takes in no more, or a request or an answer
 * has begun or ended since the last such news. For the thread of one HTTP/1 connection.
 */
final class AnswerWatch extends ChannelDuplexHandler {

    /** Whole requests without a whole answer; less than 0 where a request was refused before it was whole. */
    private int unanswered;
    /** Bytes of a body that is not at its end yet do not count: they may come one by one for ever. */
    private boolean moved = true;

    /** @param whole whether the request that is at hand now has come to its end already */
    AnswerWatch(boolean whole) {
        this.unanswered = whole ? 1 : 0;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
        moved |= message instanceof HttpRequest;
        if (message instanceof LastHttpContent) {
            moved = true;
            unanswered++;
        }
        super.channelRead(context, message);
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise written) throws Exception {
        boolean provisional = isProvisional(message);
        moved |= !provisional;
        if (message instanceof LastHttpContent && !provisional) {
            unanswered--;
        }
        super.write(context, message, written);
    }

    /** Such as "100 Continue": the answer is still to come. */
    private static boolean isProvisional(Object message) {
        return message instanceof HttpResponse response && response.status().codeClass() == HttpStatusClass.INFORMATIONAL;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
        boolean patient = unanswered > 0 || moved || !context.channel().config().isAutoRead();
        if (!(event instanceof IdleStateEvent idle) || idle.state() != IdleState.WRITER_IDLE) {
            super.userEventTriggered(context, event);
        } else if (patient) {
            moved = false;
        } else {
            super.userEventTriggered(context, event);
        }
    }
}
