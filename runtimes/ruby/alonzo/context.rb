# frozen_string_literal: true

require 'json'

module Alonzo
  # What a handler is told of its invocation.
  class Context
    attr_reader :aws_request_id, :invoked_function_arn, :deadline_ms, :identity, :client_context, :tenant_id,
                :log_group_name, :log_stream_name, :memory_limit_in_mb, :function_name, :function_version

    def initialize(headers, environment)
      @aws_request_id = headers['lambda-runtime-aws-request-id']
      @deadline_ms = headers['lambda-runtime-deadline-ms'].to_i
      @invoked_function_arn = headers['lambda-runtime-invoked-function-arn']
      @tenant_id = headers['lambda-runtime-aws-tenant-id']
      @client_context = parsed(headers['lambda-runtime-client-context'])
      @identity = parsed(headers['lambda-runtime-cognito-identity'])
      @log_group_name = environment['AWS_LAMBDA_LOG_GROUP_NAME']
      @log_stream_name = environment['AWS_LAMBDA_LOG_STREAM_NAME']
      @memory_limit_in_mb = environment['AWS_LAMBDA_FUNCTION_MEMORY_SIZE']
      @function_name = environment['AWS_LAMBDA_FUNCTION_NAME']
      @function_version = environment['AWS_LAMBDA_FUNCTION_VERSION']
    end

    def get_remaining_time_in_millis
      left = deadline_ms - Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond)
      left.positive? ? left : 0
    end

    private

    def parsed(header)
      JSON.parse(header) if header && !header.empty?
    end
  end
end
