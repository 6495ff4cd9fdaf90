# frozen_string_literal: true

require 'json'
require 'stringio'
require_relative 'context'
require_relative 'failure'
require_relative 'handler'
require_relative 'log_format'
require_relative 'runtime_api'

module Alonzo
  # Loads the handler and runs one invocation after another.
  class Runtime
    def initialize(environment)
      @environment = environment
      socket = environment.delete('ALONZO_RUNTIME_API_SOCKET')
      @api = RuntimeApi.new(environment.fetch('AWS_LAMBDA_RUNTIME_API'), socket)
    end

    # Serves until the process is killed, or until an init error was reported.
    def run
      LogFormat.install(@environment)
      handler = load_handler
      invocation = @api.next_invocation
      loop { invocation = serve(handler, invocation) }
    end

    private

    def load_handler
      text = @environment['_HANDLER'].to_s
      Handler.new(text).tap(&:load)
    rescue ScriptError, StandardError => e
      failure = Failure.new('Init', e)
      puts "Init error when loading handler #{text}"
      puts failure.to_json
      @api.init_error(failure.type, failure.to_json)
      exit(1)
    end

    # Answers one invocation and waits for the next, which is returned.
    def serve(handler, invocation)
      begin_invocation(invocation.headers)
      request_id = invocation.headers['lambda-runtime-aws-request-id']
      begin
        event = JSON.parse(invocation.body.force_encoding(Encoding::UTF_8))
        body, content_type = rendered(handler.call(event, Context.new(invocation.headers, @environment)))
      rescue ScriptError, StandardError, SystemStackError, NoMemoryError => e
        return failed(request_id, e)
      end
      @api.respond(request_id, body, content_type)
    end

    def begin_invocation(headers)
      LogFormat.request_id = headers['lambda-runtime-aws-request-id']
      trace = headers['lambda-runtime-trace-id']
      @environment['_X_AMZN_TRACE_ID'] = trace
    end

    # Streams of bytes go out as they are, everything else as JSON.
    def rendered(result)
      return [result.read, 'application/unknown'] if result.is_a?(StringIO)

      [JSON.generate(result), 'application/json']
    end

    def failed(request_id, error)
      failure = Failure.new('Function', error)
      puts 'Error raised from handler method'
      puts failure.to_json
      @api.fail(request_id, failure.type, failure.to_json)
    end
  end
end
