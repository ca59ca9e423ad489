#pragma once

#include "jepa/core/api/request_error.h"
